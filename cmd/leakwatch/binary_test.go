package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program as users get it: static, without the race detector.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "leakwatch-built-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "leakwatch")
	build := exec.Command("go", "build", "-trimpath", "-tags", releaseTags, "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return path, err
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatalf("build leakwatch: %v", err)
	}
	return path
}
