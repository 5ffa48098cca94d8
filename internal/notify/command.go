package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Command runs a program for each message. There is no shell: the program gets
// its arguments as they are configured, the message on standard input, and an
// environment of nothing but PATH and LEAKWATCH_NOTICE, the id. Exit 0 means
// delivered.
type Command struct {
	argv []string
}

// NewCommand runs argv[0] with the rest as its arguments.
func NewCommand(argv []string) (*Command, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("command: argv is empty")
	}
	return &Command{argv: append([]string(nil), argv...)}, nil
}

// Send runs the program. When ctx ends first, it is killed with all that it
// started and that stayed in its process group.
func (c *Command) Send(ctx context.Context, m Message) error {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LEAKWATCH_NOTICE=" + m.ID}
	cmd.Stdin = bytes.NewReader(append(bytes.Clone(m.Body), '\n'))
	complaint := &head{left: 1000}
	cmd.Stderr = complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for a grandchild that keeps standard error open
	err := cmd.Run()
	switch {
	case err == nil, ctx.Err() == nil && errors.Is(err, exec.ErrWaitDelay): // it ended well and left somebody behind
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("command %s: %w", c.argv[0], ctx.Err())
	case len(complaint.kept) > 0:
		return fmt.Errorf("command %s: %w: %s", c.argv[0], err, bytes.TrimSpace(complaint.kept))
	}
	return fmt.Errorf("command %s: %w", c.argv[0], err)
}

// head keeps the first bytes that are written and drops the rest.
type head struct {
	kept []byte
	left int
}

func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), h.left)
	h.left -= n
	h.kept = append(h.kept, p[:n]...)
	return len(p), nil
}
