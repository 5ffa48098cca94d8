package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"leakwatch/internal/inspect"
)

// openFolder is a temporary folder that every user may enter, with a copy of
// the program in it.
func openFolder(t *testing.T, parent string) (folder, program string) {
	t.Helper()
	folder, err := os.MkdirTemp(parent, "leakwatch-life-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	data, err := os.ReadFile(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(folder, "leakwatch")
	if err := errors.Join(os.Chmod(folder, 0o755), os.WriteFile(program, data, 0o755)); err != nil {
		t.Fatal(err)
	}
	return folder, program
}

// A command in the daemon's place refuses to work for a user who does not own
// the state folder, root above all: files of another owner lock the daemon out.
func TestLifeForeignUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("needs root, to become other users")
	}
	const owner, other = 65533, 65534
	for name, row := range map[string]struct {
		owner, caller uint32
		mode          os.FileMode
	}{
		"nobody in root's":   {0, other, 0o755},
		"root in another's":  {owner, 0, 0o700},
		"nobody in nobody's": {other, other, 0o700}, // the control: it may
	} {
		t.Run(name, func(t *testing.T) {
			folder, program := openFolder(t, "")
			state, config := filepath.Join(folder, "state"), filepath.Join(folder, "config.toml")
			text := fmt.Sprintf("[state]\ndir = %q\n[tor]\nsocks = \"127.0.0.1:1\"\n", state) // nobody answers there
			if err := errors.Join(os.WriteFile(config, []byte(text), 0o644), os.Mkdir(state, 0o700), os.Chmod(state, row.mode),
				os.Chown(state, int(row.owner), int(row.owner))); err != nil {
				t.Fatal(err)
			}
			before := lifeFiles(t, folder)
			for _, args := range [][]string{{"alert", "list"}, {"site", "list"}, {"hashset", "list"}, {"db", "backup", "-"}, {"db", "check"}, {"match", config}, {"run", "--once"}} {
				cmd := exec.Command(program, append([]string{"--config", config}, args...)...)
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: row.caller, Gid: row.caller}}
				said := lifeRun(t, cmd)
				if row.owner == row.caller {
					want := 0
					if args[0] == "run" {
						want = exitTryAgain // Tor is down
					}
					if said.code != want {
						t.Errorf("%v: %+v, want exit code %d", args, said, want)
					}
					continue
				}
				if said.code != exitFailure || !strings.Contains(said.err, "no daemon answers and "+state+" belongs to ") || !strings.Contains(said.err, "hint: start the daemon (systemctl start leakwatch), or become ") {
					t.Errorf("%v: %+v, want a refusal that says whose folder it is", args, said)
				}
			}
			if after := lifeFiles(t, folder); (row.owner == row.caller) == slices.Equal(before, after) {
				t.Errorf("files before: %q, after: %q", before, after)
			}
		})
	}
}

// hide starts a daemon that cannot see /home, /root and /tmp, as under
// ProtectHome= and PrivateTmp=.
func hide(t *testing.T, home lifeHome) *lifeDaemon {
	t.Helper()
	tool, err := exec.LookPath("unshare")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("unshare is not installed: apt-get install util-linux")
	}
	if out, err := exec.Command(tool, "--mount", "true").CombinedOutput(); err != nil {
		t.Skipf("a mount namespace is refused here (root has it, outside of most containers): %v: %s", err, out)
	}
	return lifeServe(t, home, func(cmd *exec.Cmd) {
		script := `for d in /home /root /tmp; do mount -t tmpfs none $d || exit 99; done; exec "$@"`
		cmd.Args = append([]string{tool, "--mount", "sh", "-c", script, "sh"}, cmd.Args...)
		cmd.Path = tool
		cmd.Dir = "/"
	})
}

// The daemon cannot see the caller's paths: files that are named on the
// command line are read there and sent.
func TestLifeHiddenPaths(t *testing.T) {
	t.Parallel()
	world := lifeWorld(t)
	folder, program := openFolder(t, "/var/tmp")
	home := newLifeHome(t, "", "")
	home.dir, home.config, home.state = folder, filepath.Join(folder, "config.toml"), filepath.Join(folder, "state")
	home.socket = filepath.Join(home.state, "leakwatch.sock")
	home.program = program
	home.write(t, world.Socks(), lifeSite("quiet", world.Handle("quiet", http.NotFoundHandler()), ""))
	d := hide(t, home)

	yours := drawnFiles(t) // below /tmp
	if seen, err := os.ReadDir(fmt.Sprintf("/proc/%d/root/tmp", d.cmd.Process.Pid)); err != nil || len(seen) > 0 {
		t.Fatalf("control: the daemon sees %v in its /tmp: %v", seen, err)
	}
	home.must(t, "hashset", "load", "yours", yours)
	lines := home.must(t, "--json", "hash", yours)
	list := filepath.Join(yours, "list.jsonl")
	if err := os.WriteFile(list, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	home.must(t, "hashset", "load", "list", list)
	said := home.cli(t, "--json", "match", filepath.Join(yours, "b.png"))
	hits := lifeOut[inspect.Line](t, said.out)
	if said.code != exitFound || len(hits) != 2 || hits[0].Verdict != "exact" {
		t.Errorf("match: %+v, want an exact hit in both sets", said)
	}
	backup := filepath.Join(yours, "x.tar")
	home.must(t, "db", "backup", backup)
	if got, want := tarNames(t, backup), stores(); !slices.Equal(got, []string{"crawl.db", "hashes.db", "seen.db", "state.db"}) {
		t.Errorf("the backup holds %v, want %v", got, want)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode() != 0o600 {
		t.Errorf("the backup has mode %v: %v", info.Mode(), err)
	}
	home.must(t, "db", "check")
	d.term(t)
}

func tarNames(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for in := tar.NewReader(file); ; {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, head.Name)
	}
}
