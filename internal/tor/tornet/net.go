// Package tornet answers: does it work over the real thing? It starts a private
// Tor network on loopback, for tests only: three authorities, three relays, one
// process with the onion services and one client. Nothing leaves the machine.
package tornet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Ceiling is how long Start takes at most, its second try included.
const Ceiling = 3 * time.Minute

// Options say what stands in the network.
type Options struct {
	// Sites are loopback addresses, "host:port". Each gets an onion of its own,
	// whose port 80 leads there. Something must listen on them before Start.
	Sites []string
	// Guarded are indexes into Sites: onions that want a client authorization
	// key, which nobody has.
	Guarded []int
}

// Net is a running network.
type Net struct {
	dir   string
	ports ports
	nodes []*node // in the order of their start

	onions []string
}

const (
	authorities = 3
	relays      = 3
)

// Available says what is missing on this machine, or nil.
func Available() error {
	for _, program := range []string{"tor", "tor-gencert"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed: apt-get install --no-install-recommends tor", program)
		}
	}
	return nil
}

// Start brings a network up below dir and returns when the client has reached
// every onion, but for the guarded ones. It tries twice, and the error of a
// failure holds the ends of all logs. Close ends the network; the end of this
// process does so too, within some 15 s.
func Start(ctx context.Context, dir string, o Options) (*Net, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, Ceiling)
	defer cancel()
	first, err := try(ctx, filepath.Join(dir, "1"), Ceiling*6/10, o)
	if err == nil {
		return first, nil
	}
	second, again := try(ctx, filepath.Join(dir, "2"), Ceiling, o)
	if again == nil {
		return second, nil
	}
	return nil, fmt.Errorf("private tor network did not come up, twice: %w", errors.Join(err, again))
}

// try is one attempt. A failed one leaves no process behind.
func try(ctx context.Context, dir string, limit time.Duration, o Options) (*Net, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	n := &Net{dir: dir}
	err := n.raise(ctx, o)
	if err == nil {
		return n, nil
	}
	err = fmt.Errorf("%w\n%s", err, n.logs())
	n.Close()
	return nil, err
}

// raise is the staged start: clients that come before the first full
// consensus load a poor one and wait long for the next.
func (n *Net) raise(ctx context.Context, o Options) error {
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	var err error
	if n.ports, err = pickPorts(); err != nil {
		return err
	}
	lines, err := n.makeKeys(ctx)
	if err != nil {
		return fmt.Errorf("keys of the authorities: %w", err)
	}
	if err := n.plan(lines, o, time.Now()); err != nil {
		return err
	}
	for _, node := range n.nodes[:authorities+relays] {
		if err := node.start(); err != nil {
			return err
		}
	}
	if err := n.consensus(ctx); err != nil {
		return err
	}
	for _, node := range n.nodes[authorities+relays:] {
		if err := node.start(); err != nil {
			return err
		}
	}
	if n.onions, err = n.readOnions(ctx, len(o.Sites)); err != nil {
		return err
	}
	return n.reachable(ctx, o.Guarded)
}

// Socks is the client's SOCKS address.
func (n *Net) Socks() string { return loopback(n.ports.socks) }

// Control is the client's control address; ControlCookie is the file that
// opens it.
func (n *Net) Control() string { return loopback(n.ports.control) }

// ControlCookie is the path of the client's control cookie.
func (n *Net) ControlCookie() string { return filepath.Join(n.client().dir, "control_auth_cookie") }

// Onions are the addresses, in the order of Options.Sites.
func (n *Net) Onions() []string { return n.onions }

// StopClient kills the client, as a crash would.
func (n *Net) StopClient() { n.client().kill() }

// StartClient starts the client again, on its ports and with its memory, and
// returns when it takes connections.
func (n *Net) StartClient(ctx context.Context) error {
	return n.startNode(ctx, n.client(), func() error { return greet(ctx, n.Socks()) })
}

// StopServices kills the onion services: their onions are known and dead.
func (n *Net) StopServices() { n.services().kill() }

// StartServices starts the onion services again. It returns at once: the
// onions take some seconds to be reachable.
func (n *Net) StartServices() error { return n.services().start() }

func (n *Net) services() *node { return n.nodes[authorities+relays] }
func (n *Net) client() *node   { return n.nodes[authorities+relays+1] }

func (n *Net) startNode(ctx context.Context, node *node, ready func() error) error {
	if err := node.start(); err != nil {
		return err
	}
	if err := poll(ctx, 50*time.Millisecond, ready); err != nil {
		return fmt.Errorf("%s does not come up: %w\n%s", node.name, err, node.tail())
	}
	return nil
}

// Close ends all processes. The files stay for whoever wants to read logs.
func (n *Net) Close() {
	for _, node := range n.nodes {
		node.end()
	}
	for _, node := range n.nodes {
		node.wait()
	}
}

// logs is the end of every log.
func (n *Net) logs() string {
	var b strings.Builder
	for _, node := range n.nodes {
		b.WriteString(node.tail())
	}
	return b.String()
}
