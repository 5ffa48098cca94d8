package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/demo"
	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

// lifeHome is where one daemon of a test lives: its config and its state.
type lifeHome struct {
	program string // the built one
	dir     string
	config  string
	state   string
	socket  string
}

// newLifeHome writes a config: the tables that every test needs, then more.
func newLifeHome(t *testing.T, socks, more string) lifeHome {
	t.Helper()
	dir := t.TempDir()
	h := lifeHome{program: binary(t), dir: dir, config: filepath.Join(dir, "config.toml"), state: filepath.Join(dir, "state")}
	h.socket = filepath.Join(h.state, "leakwatch.sock")
	h.write(t, socks, more)
	return h
}

func (h lifeHome) write(t *testing.T, socks, more string) {
	t.Helper()
	text := fmt.Sprintf("[state]\ndir = %q\n[tor]\nsocks = %q\n[web]\nlisten = \"127.0.0.1:0\"\n%s", h.state, socks, more)
	if err := os.WriteFile(h.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lifeSite is a [[site]] without any pause.
func lifeSite(name, onion, more string) string {
	return fmt.Sprintf("[[site]]\nname = %q\nseeds = [\"http://%s/\"]\ndelay = \"0s\"\n%s\n", name, onion, more)
}

// lifeWorld is a proxy without sites.
func lifeWorld(t *testing.T) *demo.World {
	t.Helper()
	world, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Errorf("close the world: %v", err)
		}
	})
	return world
}

// lifeLog is what a daemon says on standard error.
type lifeLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lifeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lifeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lifeDaemon is the built program at work, as a process of its own.
type lifeDaemon struct {
	home    lifeHome
	cmd     *exec.Cmd
	log     *lifeLog
	client  *web.Client
	started time.Time
	gone    chan struct{} // closed when the process has ended
	err     error         // of Wait, after gone
}

// lifeStart begins a daemon and returns at once. change may alter the command.
func lifeStart(t *testing.T, home lifeHome, change func(*exec.Cmd)) *lifeDaemon {
	t.Helper()
	d := &lifeDaemon{
		home: home, log: &lifeLog{}, client: web.NewClient(tor.Unix(home.socket)), started: time.Now(), gone: make(chan struct{}),
		cmd: exec.Command(home.program, "--config", home.config, "run"),
	}
	d.started = time.Now()
	d.cmd.Stderr = d.log
	d.cmd.WaitDelay = 2 * time.Second // for children that outlive a kill
	if change != nil {
		change(d.cmd)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.gone)
	}()
	t.Cleanup(func() {
		d.kill()
		if t.Failed() && d.log.String() != "" {
			t.Logf("the daemon said:\n%s", lifeTail(d.log.String()))
		}
	})
	return d
}

func lifeTail(text string) string {
	const most = 4000
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return text
}

// lifeServe begins a daemon and waits until its socket answers.
func lifeServe(t *testing.T, home lifeHome, change func(*exec.Cmd)) *lifeDaemon {
	t.Helper()
	d := lifeStart(t, home, change)
	d.serves(t)
	return d
}

// serves waits until the socket answers and returns how long that took from the start.
func (d *lifeDaemon) serves(t *testing.T) time.Duration {
	t.Helper()
	lifeWait(t, 30*time.Second, "the daemon serves", func() bool {
		select {
		case <-d.gone:
			t.Fatalf("the daemon ended instead of serving: %v\n%s", d.err, d.log)
		default:
		}
		return d.client.Alive(t.Context()) == nil
	})
	return time.Since(d.started)
}

func (d *lifeDaemon) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal %v: %v", s, err)
	}
}

// kill is kill -9, and waits for the end.
func (d *lifeDaemon) kill() {
	_ = d.cmd.Process.Kill() // it may have ended by itself
	<-d.gone
}

// exit waits for the end and returns the exit code, -1 for a signal.
func (d *lifeDaemon) exit(t *testing.T, limit time.Duration) int {
	t.Helper()
	select {
	case <-d.gone:
	case <-time.After(limit):
		t.Fatalf("still running after %v:\n%s", limit, d.log)
	}
	return d.cmd.ProcessState.ExitCode()
}

// term ends the daemon as systemd does and holds it to exit code 0.
func (d *lifeDaemon) term(t *testing.T) {
	t.Helper()
	d.signal(t, syscall.SIGTERM)
	if code := d.exit(t, 30*time.Second); code != 0 {
		t.Errorf("SIGTERM: exit code %d, want 0\n%s", code, d.log)
	}
}

// desk is the address that the daemon has said it serves metrics on.
func (d *lifeDaemon) desk(t *testing.T) string {
	t.Helper()
	address := ""
	lifeWait(t, 10*time.Second, "the log names the desk's address", func() bool {
		found := regexp.MustCompile(`msg=desk address=(\S+)`).FindStringSubmatch(d.log.String())
		if found != nil {
			address = found[1]
		}
		return found != nil
	})
	return address
}

// ask gets one page of the desk.
func (d *lifeDaemon) ask(t *testing.T, path string) (status int, head http.Header, body string) {
	t.Helper()
	address := d.desk(t)
	way, err := tor.Direct(address)
	if err != nil {
		t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: way, Timeout: 10 * time.Second}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// lifeList reads a list of the daemon.
func lifeList[T any](ctx context.Context, client *web.Client, path string) ([]T, error) {
	var all []T
	for v, err := range decoded[T](client.Lines(ctx, http.MethodGet, path, nil, nil)) {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}

// lifeSays is one call of the built program.
type lifeSays struct {
	out, err string
	code     int
}

// cli calls the built program with the home's config.
func (h lifeHome) cli(t *testing.T, args ...string) lifeSays {
	t.Helper()
	return lifeRun(t, exec.Command(h.program, append([]string{"--config", h.config}, args...)...))
}

// must calls the program and holds it to exit code 0.
func (h lifeHome) must(t *testing.T, args ...string) string {
	t.Helper()
	said := h.cli(t, args...)
	if said.code != 0 {
		t.Fatalf("leakwatch %s: exit code %d, want 0\n%s%s", strings.Join(args, " "), said.code, said.out, said.err)
	}
	return said.out
}

func lifeRun(t *testing.T, cmd *exec.Cmd) lifeSays {
	t.Helper()
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", cmd, err)
	}
	return lifeSays{out.String(), complaint.String(), cmd.ProcessState.ExitCode()}
}

// lifeWait polls until ok says yes.
func lifeWait(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	end := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// lifeLines decodes a file of JSON Lines.
func lifeLines[T any](t *testing.T, path string) []T {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return lifeOut[T](t, string(text))
}

// lifeOut decodes JSON Lines.
func lifeOut[T any](t *testing.T, text string) (all []T) {
	t.Helper()
	for line := range strings.Lines(text) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}
