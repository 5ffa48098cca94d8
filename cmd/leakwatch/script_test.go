package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the manual of the command line: one script for each
// subcommand, once against a running daemon and once without, for the answers
// must be the same.
func TestScripts(t *testing.T) {
	for _, mode := range []string{"inprocess", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                "testdata/script",
				RequireUniqueNames: true,
				Setup:              setupScript,
				Condition: func(cond string) (bool, error) {
					switch cond {
					case "inprocess", "daemon":
						return cond == mode, nil
					case "root":
						return os.Getuid() == 0, nil
					}
					return false, fmt.Errorf("unknown condition %q", cond)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits":  scriptExits,
					"json":   scriptJSON,
					"lines":  scriptLines,
					"setvar": scriptSetvar,
					"append": scriptAppend,
					"daemon": func(ts *testscript.TestScript, neg bool, a []string) { scriptDaemon(ts, mode, a) },
				},
			})
		})
	}
}

// setupScript puts the program as users get it into the path, and gives each
// script its own folder with a config, the data set and a few files as one may
// find them, in front of the shared world.
func setupScript(env *testscript.Env) error {
	w, err := theWorld()
	if err != nil {
		return err
	}
	env.Values[daemonKey{}] = &scriptProcess{}
	env.Setenv("SOCKS", w.Socks())
	path, err := built()
	if err != nil {
		return err
	}
	env.Setenv("BUILT", path)
	env.Setenv("PATH", filepath.Dir(path)+string(filepath.ListSeparator)+env.Getenv("PATH"))
	for _, s := range w.sites {
		env.Setenv(strings.ToUpper(s.Name), s.Onion)
	}
	return w.settle(env.WorkDir)
}

// exits CODE COMMAND... runs a command that must end with this code.
func scriptExits(ts *testscript.TestScript, _ bool, a []string) {
	if len(a) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	code := 0
	err := ts.Exec(a[1], a[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if want := a[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

// json FILE CHECK... wants a line of JSON of which all checks hold: KEY is
// there, KEY=VALUE, KEY!=VALUE. A KEY is a path as in round.pages or
// findings.0.ref. `! json` wants none.
func scriptJSON(ts *testscript.TestScript, neg bool, a []string) {
	found := false
	for _, line := range jsonOf(ts, a[0]) {
		all := true
		for _, check := range a[1:] {
			all = all && holds(line, check)
		}
		found = found || all
	}
	if found == neg {
		ts.Fatalf("json %s %q: %t", a[0], a[1:], found)
	}
}

func jsonOf(ts *testscript.TestScript, file string) []any {
	var lines []any
	for i, text := range strings.Split(strings.TrimSpace(ts.ReadFile(file)), "\n") {
		if text == "" {
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			ts.Fatalf("%s:%d: no JSON: %v: %s", file, i+1, err, text)
		}
		lines = append(lines, v)
	}
	return lines
}

func holds(line any, check string) bool {
	key, want, equal := strings.Cut(check, "=")
	bare, not := strings.CutSuffix(key, "!")
	v, there := valueAt(line, bare)
	switch {
	case !there:
		return false
	case !equal:
		return true
	}
	return (fmt.Sprint(textOf(v)) == want) != not
}

// valueAt follows a path of keys and places.
func valueAt(v any, path string) (any, bool) {
	for _, key := range strings.Split(path, ".") {
		switch inner := v.(type) {
		case map[string]any:
			next, ok := inner[key]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(inner) {
				return nil, false
			}
			v = inner[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func textOf(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// lines FILE N wants so many lines.
func scriptLines(ts *testscript.TestScript, _ bool, a []string) {
	text := ts.ReadFile(a[0])
	if n := strings.Count(text, "\n"); strconv.Itoa(n) != a[1] {
		ts.Fatalf("%s has %d lines, want %s", a[0], n, a[1])
	}
}

// setvar NAME FILE KEY sets a variable to a value of the first line of JSON.
func scriptSetvar(ts *testscript.TestScript, _ bool, a []string) {
	lines := jsonOf(ts, a[1])
	if len(lines) == 0 {
		ts.Fatalf("%s is empty", a[1])
	}
	v, ok := valueAt(lines[0], a[2])
	if !ok {
		ts.Fatalf("%s has no %s", a[1], a[2])
	}
	ts.Setenv(a[0], textOf(v))
}

// append FILE LINE adds a line to a file.
func scriptAppend(ts *testscript.TestScript, _ bool, a []string) {
	f, err := os.OpenFile(ts.MkAbs(a[0]), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(strings.Join(a[1:], " ") + "\n")
	ts.Check(errors.Join(err, f.Close()))
}

// daemon start / daemon stop runs the daemon of the folder, in the mode that
// has one; without it, the commands between work in-process.
func scriptDaemon(ts *testscript.TestScript, mode string, a []string) {
	if mode != "daemon" {
		return
	}
	d := ts.Value(daemonKey{}).(*scriptProcess)
	switch a[0] {
	case "start":
		ts.Defer(d.kill)
		ts.Check(d.start(ts.Getenv("BUILT"), ts.MkAbs(".")))
	case "stop":
		ts.Check(d.cmd.Process.Signal(syscall.SIGTERM))
		ts.Check(d.wait())
	default:
		ts.Fatalf("usage: daemon start, or daemon stop")
	}
}

type daemonKey struct{}

// scriptProcess is the daemon of a script.
type scriptProcess struct {
	cmd   *exec.Cmd
	ended chan error
}

// start returns when the daemon listens to the command line.
func (d *scriptProcess) start(path, dir string) error {
	d.cmd = exec.Command(path, "--config", "leakwatch.toml", "run")
	d.cmd.Dir = dir
	log, err := os.OpenFile(filepath.Join(dir, "daemon.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	d.cmd.Stderr = log
	if err := d.cmd.Start(); err != nil {
		return err
	}
	d.ended = make(chan error, 1)
	go func() { d.ended <- d.cmd.Wait() }()
	var died error
	up := eventuallyIn(time.Minute, func() bool {
		select {
		case err := <-d.ended:
			died = fmt.Errorf("the daemon ended: %w", err)
			return true
		default:
			_, err := os.Stat(filepath.Join(dir, "state", "leakwatch.sock"))
			return err == nil
		}
	})
	if !up {
		return errors.New("the daemon is not ready after a minute")
	}
	return died
}

// wait wants an end in good order.
func (d *scriptProcess) wait() error {
	select {
	case err := <-d.ended:
		d.cmd = nil
		return err
	case <-time.After(time.Minute):
		return errors.New("the daemon has not ended after a minute")
	}
}

// kill ends what a script left running.
func (d *scriptProcess) kill() {
	if d.cmd != nil {
		_ = d.cmd.Process.Kill()
		<-d.ended
	}
}

// eventuallyIn polls until ready, or until the limit is over.
func eventuallyIn(limit time.Duration, ready func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ready() {
			return true
		}
	}
	return false
}
