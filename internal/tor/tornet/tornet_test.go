package tornet

import (
	"context"
	"crypto/rsa"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPortsAreDifferentAndOutOfTheKernelsWay(t *testing.T) {
	p, err := pickPorts()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	all := append(append([]int{p.socks, p.control, p.exit, p.dns}, p.or[:]...), p.dir[:]...)
	for _, port := range all {
		if port < 10_000 || port > 60_999 || seen[port] {
			t.Errorf("port %d of %v", port, all)
		}
		seen[port] = true
	}
}

func TestWeakKeyIsTheProtocolsSize(t *testing.T) {
	key, err := weakKey()
	if err != nil {
		t.Fatal(err)
	}
	if got := key.N.BitLen(); got != 1024 {
		t.Errorf("got %d bits, want 1024", got)
	}
	if err := keyFits(key); err != "" {
		t.Error(err)
	}
}

// keyFits checks the key without crypto/rsa, which refuses its size.
func keyFits(k *rsa.PrivateKey) string {
	if k.Primes[0].ProbablyPrime(10) && k.Primes[1].ProbablyPrime(10) {
		return ""
	}
	return "a factor is no prime"
}

// cutShort cancels a start while the relays wait for their first consensus,
// which takes them eight seconds at least: as soon as the last of them logs.
func cutShort(ctx context.Context, cancel context.CancelFunc, dir string) {
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		logs, err := filepath.Glob(filepath.Join(dir, "*", "relay2", "log"))
		if err != nil || len(logs) == 0 {
			continue
		}
		if text, err := os.ReadFile(logs[0]); err == nil && strings.Contains(string(text), "[notice]") {
			return
		}
	}
}

// A start that is cut short says what the logs say, and leaves no process.
func TestStartCutShort(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts six tors")
	}
	if err := Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		cutShort(ctx, cancel, dir)
	}()
	defer func() { <-watching }()
	n, err := Start(ctx, dir, Options{Sites: []string{"127.0.0.1:1"}})
	if err == nil {
		n.Close()
		t.Fatal("a network that came up, with nothing behind its onion")
	}
	for _, want := range []string{"did not come up", "no full consensus", "--- authority0", "--- relay2", "[notice]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error without %q:\n%v", want, err)
		}
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && strings.Contains(string(line), dir) {
			t.Errorf("still there: %q", line)
		}
	}
}

func TestNodeThatDiesIsNoticed(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "torrc"), []byte("NoSuchOption 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &Net{nodes: []*node{{name: "client", dir: dir}}}
	if err := n.nodes[0].start(); err != nil {
		t.Fatal(err)
	}
	err := n.pollNet(t.Context(), 10*time.Millisecond, func() error { return context.DeadlineExceeded })
	if err == nil || !strings.Contains(err.Error(), "client died") {
		t.Errorf("got %v, want client died", err)
	}
	if got := n.logs(); !strings.Contains(got, "NoSuchOption") {
		t.Errorf("got log %q, want what tor said", got)
	}
	n.Close()
}
