package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"leakwatch/internal/tor"
	"leakwatch/internal/web"
)

// listener is one address that the daemon serves.
type listener struct {
	path   string // of a Unix socket, removed at the end
	net    net.Listener
	server *http.Server
}

// listen opens the socket and, when it is configured, the desk's address.
func (h *house) listen() ([]*listener, error) {
	socket, err := listenSocket(h)
	if err != nil {
		return nil, err
	}
	h.log.Info("watching", "sites", len(h.cfg.Sites), "socket", socket.path)
	if h.cfg.Web.Listen == "" {
		return []*listener{socket}, nil
	}
	desk, err := listenDesk(h)
	if err != nil {
		return nil, errors.Join(err, socket.net.Close())
	}
	h.log.Info("desk", "address", desk.net.Addr().String())
	return []*listener{socket, desk}, nil
}

// listenSocket opens the command line's way in: mode 0660, so that the file's
// group says who is an admin.
func listenSocket(h *house) (*listener, error) {
	path := socketPath(h.cfg)
	if err := clearSocket(path); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fail(exitFailure, "", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fail(exitFailure, "", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &listener{path: path, net: l, server: &http.Server{
		Handler: h.api(), ConnContext: web.ConnContext, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10,
	}}, nil
}

// clearSocket removes what a daemon that died left behind, and nothing else.
func clearSocket(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fail(exitFailure, "move it away: leakwatch listens there", fmt.Errorf("%s is no socket", path))
	}
	if web.NewClient(tor.Unix(path)).Alive(context.Background()) == nil {
		return fail(exitTryAgain, "stop it first: systemctl stop leakwatch", fmt.Errorf("another leakwatch answers at %s", path))
	}
	return os.Remove(path)
}

// listenDesk opens the desk's address: metrics and health.
func listenDesk(h *house) (*listener, error) {
	l, err := net.Listen("tcp", h.cfg.Web.Listen)
	if err != nil {
		return nil, fail(exitFailure, "is another leakwatch running? set [web] listen", err)
	}
	return &listener{net: l, server: &http.Server{
		Handler: web.Desk(h.metrics(), web.Health{Alive: h.alive, Ready: h.missing}), ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}}, nil
}

// run serves until ctx is done, then lets requests under way end for a while.
func (l *listener) run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- l.server.Serve(l.net) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := l.server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = l.server.Close()
	}
	<-served
	return err
}
