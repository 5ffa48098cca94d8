package tornet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// node is one tor process. It may be started again after its end.
type node struct {
	name, dir, torrc string

	cmd   *exec.Cmd // nil when it does not run
	ended chan struct{}
	said  *bytes.Buffer // before its log is open; read after ended
}

func (n *node) start() error {
	if n.cmd != nil {
		return errors.New(n.name + " runs already")
	}
	n.said, n.ended = new(bytes.Buffer), make(chan struct{})
	cmd := exec.Command("tor", "-f", filepath.Join(n.dir, "torrc"), "--defaults-torrc", os.DevNull)
	cmd.Stdout, cmd.Stderr = n.said, n.said
	cmd.Env = append(os.Environ(), "HOME="+n.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // ctrl-C is ours, not theirs
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", n.name, err)
	}
	n.cmd = cmd
	ended := n.ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	return nil
}

// end asks the process to end; wait waits and, after 3 s, kills it.
func (n *node) end() {
	if n.cmd != nil {
		n.cmd.Process.Signal(syscall.SIGTERM)
	}
}

func (n *node) wait() {
	if n.cmd == nil {
		return
	}
	select {
	case <-n.ended:
	case <-time.After(3 * time.Second):
		n.cmd.Process.Kill()
		<-n.ended
	}
	n.cmd = nil
}

// kill ends the process as a crash would.
func (n *node) kill() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.wait()
	}
}

// died reports whether a started process has ended by itself.
func (n *node) died() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

// tail is the end of its log, for an error.
func (n *node) tail() string {
	const lines = 12
	text, err := os.ReadFile(filepath.Join(n.dir, "log"))
	if err != nil {
		text = nil // it may have died before it had one
	}
	if n.died() {
		text = append(text, n.said.Bytes()...)
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return fmt.Sprintf("--- %s\n%s\n", n.name, strings.Join(all[max(0, len(all)-lines):], "\n"))
}
