package kv_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"leakwatch/internal/kv"
)

// failEnv makes the test binary write the store that it names until the kernel
// refuses: no file of the process may pass 256 KiB.
const failEnv = "KV_TEST_FAIL"

func failInChild(path string) int {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 256 << 10, Max: 256 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println(err)
		return 1
	}
	db, err := kv.Open(path, kv.Options{})
	for i := 0; err == nil && i < 1000; i++ {
		err = db.Batch(func(tx *kv.Tx) error { return put(tx, fmt.Sprint(i), strings.Repeat("v", 2000)) })
		if err == nil {
			fmt.Println("ACK", i)
		}
	}
	again := db.Batch(func(tx *kv.Tx) error { return put(tx, "again", "v") })
	if !errors.Is(err, kv.ErrFailed) || !errors.Is(again, kv.ErrFailed) {
		fmt.Printf("first %v, then %v; want ErrFailed twice\n", err, again)
		return 1
	}
	return 0
}

// After a write whose fate is unknown the handle takes no more; the next
// process reads what was acknowledged.
func TestFailedWriteEndsTheHandle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.db")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), failEnv+"="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	db := open(t, path, kv.Options{})
	acked := 0
	for line := range strings.Lines(string(out)) {
		var i int
		if _, err := fmt.Sscanf(line, "ACK %d", &i); err == nil {
			acked++
			if get(t, db, fmt.Sprint(i)) == "" {
				t.Errorf("acknowledged write %d is lost", i)
			}
		}
	}
	if acked < 10 {
		t.Errorf("only %d writes were acknowledged before the failure", acked)
	}
}
