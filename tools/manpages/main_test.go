package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// program stands for the binary: a few commands of cobra's.
func program(args ...string) (string, error) {
	if len(args) == 2 && args[0] == "config" && args[1] == "example" {
		return "# Where the memory lies.\n[state]\n\ndir = 'C:\\x'\n", nil
	}
	var out strings.Builder
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "leakwatch", Long: "leakwatch watches.\n\n.hidden line"}
	root.PersistentFlags().String("config", "/etc/leakwatch/config.toml", "config file")
	alert := &cobra.Command{Use: "alert", Short: "alerts and their reviews"}
	list := &cobra.Command{Use: "list", Short: "list the alerts", Run: run}
	list.Flags().Bool("json", false, "JSON Lines")
	alert.AddCommand(list)
	root.AddCommand(alert, &cobra.Command{Use: "run", Short: "run the daemon", Run: run})
	root.SetOut(&out)
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	if err := writePages(program, dir); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"leakwatch.1":            {".TH LEAKWATCH 1", "leakwatch watches.", `\&.hidden line`, "leakwatch\\-alert(1)", "leakwatch.toml(5)", `\-\-config`},
		"leakwatch-alert.1":      {"leakwatch\\-alert \\- alerts and their reviews", "leakwatch(1)", "leakwatch\\-alert\\-list(1)"},
		"leakwatch-alert-list.1": {".SH SYNOPSIS\n.nf\n  leakwatch alert list [flags]", `\-\-json`, ".SH GLOBAL FLAGS"},
		"leakwatch-run.1":        {"leakwatch\\-run \\- run the daemon"},
		"leakwatch.toml.5":       {"# Where the memory lies.", `dir = 'C:\ex'`},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 5 {
		t.Errorf("got %v, %v, want 5 pages", files, err)
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("groff is missing in CI")
		}
		t.Skip("groff is not installed: the pages are not read by it")
	}
	for _, f := range files {
		out, err := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z", filepath.Join(dir, f.Name())).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("groff on %s: %v\n%s", f.Name(), err, out)
		}
	}
}
