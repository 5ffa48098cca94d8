package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manager stands for systemd: it keeps what arrives on NOTIFY_SOCKET.
type manager struct {
	mu   sync.Mutex
	told []string
}

func newManager(t *testing.T, name string) *manager {
	t.Helper()
	var open net.ListenConfig
	conn, err := open.ListenPacket(context.Background(), "unixgram", name)
	if err != nil {
		t.Fatal(err)
	}
	m := &manager{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			n, _, err := conn.ReadFrom(buffer)
			if err != nil {
				return // the test has ended
			}
			m.mu.Lock()
			m.told = append(m.told, string(buffer[:n]))
			m.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-ended
	})
	return m
}

// all returns the messages that fit, the oldest first.
func (m *manager) all(pattern string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	fit := regexp.MustCompile(pattern)
	return slices.DeleteFunc(slices.Clone(m.told), func(s string) bool { return !fit.MatchString(s) })
}

func (m *manager) wait(t *testing.T, pattern string, n int) {
	t.Helper()
	lifeWait(t, 15*time.Second, fmt.Sprintf("%d messages %s among %q", n, pattern, m.all("")), func() bool { return len(m.all(pattern)) >= n })
}

// Case C35: what systemd hears over a whole life.
func TestLifeNotify(t *testing.T) {
	t.Parallel()
	for name, socket := range map[string]string{
		"path":     filepath.Join(t.TempDir(), "notify"),
		"abstract": fmt.Sprintf("@leakwatch-life-%d", os.Getpid()),
	} {
		t.Run(name, func(t *testing.T) {
			world, m := lifeWorld(t), newManager(t, socket)
			good := lifeSite("a", world.Handle("a", http.NotFoundHandler()), "")
			home := newLifeHome(t, world.Socks(), good)
			d := lifeStart(t, home, func(cmd *exec.Cmd) {
				cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=200000")
			})
			m.wait(t, `^READY=1\nSTATUS=watching 1 sites`, 1)
			if err := d.client.Alive(t.Context()); err != nil {
				t.Errorf("READY=1 before the socket answers: %v", err)
			}
			notifyReload(t, d, m, good+lifeSite("b", world.Handle("b", http.NotFoundHandler()), ""), `^READY=1\nSTATUS=watching 2 sites`)
			notifyReload(t, d, m, good+"[log]\nlevle = \"info\"\n", `^READY=1\nSTATUS=watching 2 sites`)
			if !strings.Contains(d.log.String(), "key=log.levle") {
				t.Errorf("no line names the key:\n%s", d.log)
			}
			m.wait(t, `^WATCHDOG=1$`, len(m.all(`^WATCHDOG=1$`))+3) // fed on, 10 times a second
			d.term(t)
			m.wait(t, `^STOPPING=1\nSTATUS=`, 1)
			if all := m.all(`RELOADING|READY|STOPPING`); len(all) != 6 {
				t.Errorf("got %q, want READY, two reloads of two messages, and STOPPING", all)
			}
		})
	}
}

// notifyReload reloads with a config and holds the daemon to the protocol of
// notify-reload.
func notifyReload(t *testing.T, d *lifeDaemon, m *manager, config, ready string) {
	t.Helper()
	before := len(m.all(`RELOADING|READY`))
	d.home.write(t, "127.0.0.1:1", config)
	asked := monotonicMicros()
	d.signal(t, syscall.SIGHUP)
	m.wait(t, `RELOADING|READY`, before+2)
	got := m.all(`RELOADING|READY`)[before:]
	clock := regexp.MustCompile(`^RELOADING=1\nMONOTONIC_USEC=([0-9]+)$`).FindStringSubmatch(got[0])
	if clock == nil || !regexp.MustCompile(ready).MatchString(got[1]) {
		t.Fatalf("got %q, want RELOADING=1 with MONOTONIC_USEC, then %s", got, ready)
	}
	if at, err := strconv.ParseInt(clock[1], 10, 64); err != nil || at < asked || at > asked+10e6 {
		t.Errorf("MONOTONIC_USEC=%s, asked at %d", clock[1], asked)
	}
}

// mdwe is the variable that makes TestLifeMDWEChild lock itself and become
// another program.
const mdwe = "LEAKWATCH_TEST_MDWE"

// TestLifeMDWEChild is no test but the child of TestLifeMDWE.
func TestLifeMDWEChild(t *testing.T) {
	argv := strings.Split(os.Getenv(mdwe), "\x1f")
	if argv[0] == "" {
		t.Skip("the child of TestLifeMDWE")
	}
	if argv[0] == "try" { // what a locked process must not get
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		fmt.Printf("\nmmap: %v\n", err)
		return
	}
	if err := unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0); err != nil {
		fmt.Printf("\nno MDWE: %v\n", err)
		return
	}
	t.Setenv(mdwe, os.Getenv(mdwe+"_THEN"))
	t.Fatal(syscall.Exec(argv[0], argv, os.Environ()))
}

// locked runs a program under MDWE, as MemoryDenyWriteExecute= does.
func locked(t *testing.T, then string, argv ...string) lifeSays {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestLifeMDWEChild$")
	cmd.Env = append(os.Environ(), mdwe+"="+strings.Join(argv, "\x1f"), mdwe+"_THEN="+then)
	said := lifeRun(t, cmd)
	if strings.Contains(said.out, "no MDWE") {
		t.Skipf("this kernel has no MDWE (Linux 6.3): %s", said.out)
	}
	return said
}

// Decoders need no memory that is written and run: the unit may deny it.
func TestLifeMDWE(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if said := locked(t, "try", self, "-test.run=^TestLifeMDWEChild$"); !strings.Contains(said.out, "mmap: permission denied") {
		t.Fatalf("control: the lock does not hold: %+v", said)
	}
	folder := drawnFiles(t)
	argv := []string{binary(t), "--json", "hash", folder}
	want := lifeRun(t, exec.Command(argv[0], argv[1:]...))
	got := locked(t, "", argv...)
	if got.code != 0 || got.out != want.out {
		t.Errorf("exit code %d\n%s%s\nwant the same as without the lock:\n%s", got.code, got.out, got.err, want.out)
	}
	for _, p := range lifeOut[struct {
		Path  string
		PDQ   *string
		Cause *string
	}](t, got.out) {
		if p.PDQ == nil || p.Cause != nil {
			t.Errorf("%s: PDQ %v, cause %v", p.Path, p.PDQ, p.Cause)
		}
	}
}
