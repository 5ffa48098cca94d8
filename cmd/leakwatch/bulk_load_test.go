package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
)

// bulkRows is the size of the theft that leakwatch was written after, rounded up.
const bulkRows = 300_000

// TestBulkLoad loads a large list through the command line into a running
// daemon, which finds its last row at once.
func TestBulkLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("writes and loads 300,000 rows")
	}
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := w.settle(dir); err != nil {
		t.Fatal(err)
	}
	ours, err := inspect.Fingerprint(t.Context(), w.photos[0].JPEG, picture.NewDecoder(picture.DefaultLimits()), "hashes")
	if err != nil {
		t.Fatal(err)
	}
	if err := writeBulk(filepath.Join(dir, "bulk.csv"), ours); err != nil {
		t.Fatal(err)
	}
	daemon := &scriptProcess{}
	if err := daemon.start(binary(t), dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(daemon.kill)
	leakwatch := func(args ...string) (string, error) {
		cmd := exec.Command(binary(t), append([]string{"--config", "leakwatch.toml"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}

	start := time.Now()
	out, err := leakwatch("hashset", "load", "bulk", "bulk.csv")
	took := time.Since(start)
	if want := fmt.Sprintf("bulk: version 1, %d entries", bulkRows); err != nil || !strings.HasPrefix(out, want) {
		t.Fatalf("load: %v: %s, want %s", err, out, want)
	}
	fmt.Printf("figure cli_load_300k_seconds %.1f\n", took.Seconds())
	if took > time.Minute {
		t.Errorf("the load took %v, want well under a minute", took)
	}
	if out, err = leakwatch("match", "dataset/0001.jpg"); !strings.HasPrefix(out, "exact ") {
		t.Errorf("match after the load: %v: %s, want exact", err, out)
	}
	if out, err = leakwatch("hashset", "show", "bulk", "--json"); !strings.Contains(out, `"memory_bytes":`) {
		t.Errorf("show: %v: %s", err, out)
	}
	t.Log(out)
}

// writeBulk writes a list of random rows whose last one is ours.
func writeBulk(path string, ours inspect.Print) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "sha256,pdq,quality,phash")
	random := rand.NewChaCha8([32]byte{1})
	var row [72]byte
	for range bulkRows - 1 {
		random.Read(row[:])
		fmt.Fprintf(out, "%s,%s,100,%s\n", hex.EncodeToString(row[:32]), hex.EncodeToString(row[32:64]), hex.EncodeToString(row[64:]))
	}
	fmt.Fprintf(out, "%s,%s,%d,%s\n", ours.SHA256, ours.PDQ, *ours.Quality, ours.PHash)
	return out.Flush()
}
