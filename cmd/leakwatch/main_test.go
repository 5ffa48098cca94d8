package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts run this very test binary under the name leakwatch.
func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"leakwatch": func() { os.Exit(mainCode()) }})
}

// tidy runs the tests and leaves nothing behind.
type tidy struct{ m *testing.M }

func (t tidy) Run() int {
	start := time.Now()
	code := t.m.Run()
	if builtSince(start) {
		if path, err := built(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	}
	return code
}

// builtSince says whether a test has asked for the binary, so that tidying up
// does not build one. Another run's folder may say so too: then we build ours,
// and remove that.
func builtSince(start time.Time) bool {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "leakwatch-built-*"))
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && !info.ModTime().Before(start) {
			return true
		}
	}
	return false
}
