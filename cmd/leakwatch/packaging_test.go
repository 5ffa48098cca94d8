package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const packaging = "../../packaging/"

func readPackaging(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(packaging + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tool finds a program or skips the test with the reason; in CI it must be there.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing in CI", name)
		}
		t.Skipf("%s is not installed: the file is not checked by systemd itself", name)
	}
	return path
}

// unitForAnalysis is the unit with a program that exists on this machine and
// without the man pages that make install brings.
func unitForAnalysis(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, line := range strings.Split(readPackaging(t, "leakwatch.service"), "\n") {
		if !strings.HasPrefix(line, "Documentation=") {
			kept = append(kept, strings.ReplaceAll(line, "/usr/bin/leakwatch", self))
		}
	}
	path := filepath.Join(t.TempDir(), "leakwatch.service")
	if err := os.WriteFile(path, []byte(strings.Join(kept, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnitVerifies(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	out, err := exec.Command(analyze, "verify", "--man=no", unitForAnalysis(t)).CombinedOutput()
	if err != nil || strings.Contains(string(out), "leakwatch.service") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// The score is measured at 1.1; redis has 1.2, tor 6.8.
func TestUnitExposure(t *testing.T) {
	analyze := tool(t, "systemd-analyze")
	out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold=11", unitForAnalysis(t)).CombinedOutput()
	if strings.Contains(string(out), "unrecognized option") {
		t.Skipf("this systemd-analyze cannot read a unit offline: %s", out)
	}
	if err != nil {
		t.Errorf("the unit is more exposed than 1.1: %v\n%s", err, out)
	}
}

func TestUnitSays(t *testing.T) {
	lines := strings.Split(readPackaging(t, "leakwatch.service"), "\n")
	for _, want := range []string{
		"Type=notify",
		"User=leakwatch",
		"ExecStart=/usr/bin/leakwatch --config /etc/leakwatch/config.toml run",
		"ExecReload=/bin/kill -HUP $MAINPID",
		"RestartPreventExitStatus=78 74",
		"StateDirectory=leakwatch",
		"StateDirectoryMode=0700",
		"RuntimeDirectory=leakwatch",
		"RuntimeDirectoryMode=0750",
		"ProtectHome=yes",
		"PrivateTmp=yes",
		"MemoryDenyWriteExecute=yes",
		"IPAddressDeny=any",
		"LimitCORE=0",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the unit does not say %s", want)
		}
	}
	for _, line := range lines {
		// Neither works as it looks: see the comments in the unit.
		if strings.HasPrefix(line, "ExecStartPre=") || strings.HasPrefix(line, "PrivateUsers=") {
			t.Errorf("the unit says %s", line)
		}
	}
}

func TestSysusers(t *testing.T) {
	file, err := filepath.Abs(packaging + "leakwatch.sysusers")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool(t, "systemd-sysusers"), "--dry-run", "--root="+t.TempDir(), file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "leakwatch") {
		t.Errorf("systemd-sysusers: %v\n%s", err, out)
	}
}

func TestTmpfiles(t *testing.T) {
	fields := regexp.MustCompile(`^[dz] /[a-z./]+ 0[0-7]{3} (root|leakwatch) (root|leakwatch) -$`)
	for _, line := range strings.Split(readPackaging(t, "leakwatch.tmpfiles"), "\n") {
		if line != "" && !strings.HasPrefix(line, "#") && !fields.MatchString(line) {
			t.Errorf("not a line of tmpfiles.d: %s", line)
		}
	}
}

// metrics are the names that the rules may use; the desk's own test holds them
// against what /metrics gives.
var metrics = []string{
	"leakwatch_visits_total", "leakwatch_sites", "leakwatch_tor_up", "leakwatch_crawl_paused", "leakwatch_alerts",
	"leakwatch_outbox_pending", "leakwatch_dead_letters_total", "leakwatch_store_bytes", "leakwatch_links_due", "leakwatch_entries_quarantined", "leakwatch_hits_suppressed_total",
}

func TestRules(t *testing.T) {
	text := readPackaging(t, "leakwatch.rules.yml")
	names := regexp.MustCompile(`\bleakwatch_[a-z_]+`)
	used := map[string]bool{}
	for _, line := range strings.Split(text, "\n") {
		expr, ok := strings.CutPrefix(strings.TrimSpace(line), "expr: ")
		if !ok {
			continue
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") || strings.Count(expr, "{") != strings.Count(expr, "}") {
			t.Errorf("brackets do not pair in %s", expr)
		}
		if strings.Contains(expr, "leakwatch_crawl_paused == 1") && strings.Contains(expr, "leakwatch_tor_up == 1") {
			t.Errorf("can never be true, since the crawl pauses for Tor alone: %s", expr)
		}
		for _, name := range names.FindAllString(expr, -1) {
			used[name] = true
			if !slices.Contains(metrics, name) {
				t.Errorf("%s is not a metric of ours: %s", name, expr)
			}
		}
	}
	for _, name := range metrics {
		if !used[name] {
			t.Errorf("no rule uses %s", name)
		}
	}
	rules, annotated := strings.Count(text, "- alert:"), strings.Count(text, "description:")
	if rules == 0 || rules != annotated || strings.Contains(text, "\t") {
		t.Errorf("%d rules, %d descriptions: each rule says what to do, without tabs", rules, annotated)
	}
}
