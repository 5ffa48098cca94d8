package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

type callerKey struct{}

// WithCaller names who acts.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

func callerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	if name == "" {
		return "unknown"
	}
	return name
}

// ConnContext names the process at the other end of a Unix socket by the
// kernel's word (SO_PEERCRED); it fits http.Server.ConnContext.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	name, err := peerOf(c)
	if err != nil {
		return ctx // acts as "unknown": the socket's mode decided who may
	}
	return WithCaller(ctx, name)
}

func peerOf(c net.Conn) (string, error) {
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return "", errors.New("not a Unix socket")
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return "", err
	}
	var cred *syscall.Ucred
	var inner error
	if err := raw.Control(func(fd uintptr) {
		cred, inner = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return "", err
	}
	if inner != nil {
		return "", inner
	}
	return UserName(int(cred.Uid)), nil
}

// UserName is how a local user stands in reviews and in the log.
func UserName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", uid)
}

// Myself is the user of this process.
func Myself() string { return UserName(os.Getuid()) }
