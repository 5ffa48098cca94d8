package tornet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// poll asks again until ok gives nil or ctx ends.
func poll(ctx context.Context, every time.Duration, ok func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// dead names a node that has ended by itself.
func (n *Net) dead() error {
	for _, node := range n.nodes {
		if node.died() {
			return fmt.Errorf("%s died", node.name)
		}
	}
	return nil
}

// pollNet is poll that gives up when a node has died.
func (n *Net) pollNet(ctx context.Context, every time.Duration, ok func() error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := poll(ctx, every, func() error {
		if err := n.dead(); err != nil {
			cancel(err)
			return err
		}
		return ok()
	})
	if err != nil {
		return fmt.Errorf("%w (%w)", err, context.Cause(ctx))
	}
	return nil
}

// consensus waits until the authorities agree on all nodes. They answer no
// plain HTTP request for it, so it is read from a file.
func (n *Net) consensus(ctx context.Context) error {
	file := filepath.Join(n.nodes[0].dir, "cached-consensus")
	err := n.pollNet(ctx, 100*time.Millisecond, func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if got := bytes.Count(text, []byte("\nr ")); got < authorities+relays {
			return fmt.Errorf("consensus of %d nodes, want %d", got, authorities+relays)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("no full consensus: %w", err)
	}
	return nil
}

func (n *Net) readOnions(ctx context.Context, count int) ([]string, error) {
	onions := make([]string, count)
	err := n.pollNet(ctx, 50*time.Millisecond, func() error {
		for i := range onions {
			name, err := os.ReadFile(filepath.Join(n.serviceDir(i), "hostname"))
			if err != nil {
				return err
			}
			if onions[i] = strings.TrimSpace(string(name)); onions[i] == "" {
				return errors.New("empty hostname file")
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("onion services have no names: %w", err)
	}
	return onions, nil
}

// settle is the wait before the first question: an onion that is asked for
// before its descriptor is up is not asked for again for seconds.
const settle = 3 * time.Second

// reachable waits until a stream to each onion opens.
func (n *Net) reachable(ctx context.Context, guarded []int) error {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return ctx.Err()
	}
	for i, onion := range n.onions {
		if slices.Contains(guarded, i) {
			continue
		}
		err := n.pollNet(ctx, time.Second, func() error { return open(ctx, n.Socks(), onion) })
		if err != nil {
			return fmt.Errorf("onion %d is not reachable: %w", i, err)
		}
	}
	return nil
}

// greet asks a SOCKS port for its greeting.
func greet(ctx context.Context, socks string) error {
	conn, err := greeted(ctx, socks)
	if err != nil {
		return err
	}
	return conn.Close()
}

func greeted(ctx context.Context, socks string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", socks)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(40 * time.Second))
	var answer [2]byte
	if _, err = conn.Write([]byte{5, 1, 0}); err == nil {
		_, err = io.ReadFull(conn, answer[:])
	}
	if err == nil && answer != [2]byte{5, 0} {
		err = fmt.Errorf("SOCKS greeting %x", answer)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// open opens a stream to port 80 of a name and closes it.
func open(ctx context.Context, socks, name string) error {
	conn, err := greeted(ctx, socks)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	request := append([]byte{5, 1, 0, 3, byte(len(name))}, name...)
	if _, err := conn.Write(binary.BigEndian.AppendUint16(request, 80)); err != nil {
		return err
	}
	var reply [2]byte
	if _, err := io.ReadFull(conn, reply[:]); err != nil {
		return err
	}
	if reply[1] != 0 {
		return fmt.Errorf("SOCKS reply %#x", reply[1])
	}
	return nil
}
