package demo

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
)

// Options say which world to build. The zero value is the whole world.
type Options struct {
	Seed   uint64 // 1 when 0
	Photos int    // size of the data set, 200 when 0. A small world is up sooner: it draws fewer strangers, too, and shows them more often
	Socks  string // where the proxy listens: "127.0.0.1:0" when "", or "unix:/path"
	Empty  bool   // no data set and no sites: a proxy for sites of the caller's own
}

// Site is one of the world's sites, as one would write it into a config.
type Site struct {
	Name  string
	Onion string
	Seeds []string
	Dead  bool // SOCKS answers 0xF0: its onion has no descriptor
}

// World is a running world. It is safe for concurrent use.
type World struct {
	seed      uint64
	proxy     *Proxy
	trap      *trap
	set       []Photo
	sites     []Site
	planted   []Plant
	strangers []string
}

// badgeSize is how many avatars and icons a world has.
const badgeSize = 20

// Start builds a world. The caller must Close it.
func Start(o Options) (*World, error) {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Photos == 0 {
		o.Photos = 200
	}
	if o.Socks == "" {
		o.Socks = "127.0.0.1:0"
	}
	proxy, err := NewProxy(o.Socks)
	if err != nil {
		return nil, err
	}
	w := &World{seed: o.Seed, proxy: proxy}
	if w.trap, err = newTrap(); err != nil {
		return nil, errors.Join(err, proxy.Close())
	}
	if o.Empty {
		return w, nil
	}
	if err := w.build(o.Photos); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *World) build(photos int) error {
	w.set = Set(photos, w.seed)
	copies, err := leaks(w.set)
	if err != nil {
		return err
	}
	poolSize := max(photos/3, 12)
	b := &builder{world: w, leaks: copies, pool: make([]Photo, poolSize), badges: make([]Photo, badgeSize)}
	kinds := strangerKinds()
	big, small := kinds[:len(kinds)-2], kinds[len(kinds)-2:]
	each(poolSize+badgeSize, func(i int) {
		if i < poolSize {
			b.pool[i] = drawStranger(big[i%len(big)], i, w.seed)
		} else {
			b.badges[i-poolSize] = drawStranger(small[i%len(small)], i, w.seed)
		}
	})
	b.forum()
	b.market()
	b.board()
	if len(b.leaks) > 0 {
		return fmt.Errorf("demo: %d leaks of the plan found no place", len(b.leaks))
	}
	dead := w.onion("dead")
	w.Code(dead, codeNoOnion)
	w.sites = append(w.sites, Site{Name: "dead", Onion: dead, Seeds: []string{"http://" + dead + "/"}, Dead: true})
	return nil
}

func (w *World) onion(name string) string { return Onion(fmt.Sprintf("%d %s", w.seed, name)) }

// Close ends the world. It leaves no goroutine, socket or file behind.
func (w *World) Close() error { return errors.Join(w.proxy.Close(), w.trap.Close()) }

// Socks is the address of the proxy, in the form that [tor] socks takes.
func (w *World) Socks() string { return w.proxy.Address() }

// Proxy is the proxy itself, for faults and for what it has seen.
func (w *World) Proxy() *Proxy { return w.proxy }

// Sites are the sites to watch: forum, market, board, and dead.
func (w *World) Sites() []Site { return slices.Clone(w.sites) }

// DataSet is the exposed data set.
func (w *World) DataSet() []Photo { return slices.Clone(w.set) }

// Planted says which copies stand where.
func (w *World) Planted() []Plant { return slices.Clone(w.planted) }

// Strangers are the URLs of the pictures that are in no set.
func (w *World) Strangers() []string { return slices.Clone(w.strangers) }

// Handle adds a site and returns its onion address. The same name gives the
// same address. For a clear name use Proxy().Handle.
func (w *World) Handle(name string, h http.Handler) (onion string) {
	onion = w.onion(name)
	w.proxy.Handle(onion, h)
	return onion
}

// Code makes the proxy answer CONNECTs to an onion with a code, 0xF0 for one.
func (w *World) Code(onion string, code byte) { w.proxy.Code(onion, code) }

// Requests lists all requests that any site has seen, in order.
func (w *World) Requests() []Request { return w.proxy.Requests() }

// Violations lists what a careful crawler never does: literal addresses and
// clear names asked of the proxy, writing methods, and connections to the trap
// that went past the proxy.
func (w *World) Violations() []string {
	return append(w.proxy.Violations(), w.trap.seen()...)
}

// trap listens on loopback and notes whoever comes: nobody should, since all
// links to it are literal addresses.
type trap struct {
	listener net.Listener
	port     int
	wg       sync.WaitGroup

	mu   sync.Mutex
	came []string
}

func newTrap() (*trap, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: set trap: %w", err)
	}
	t := &trap{listener: l, port: l.Addr().(*net.TCPAddr).Port}
	t.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // Close closed it
			}
			t.mu.Lock()
			t.came = append(t.came, fmt.Sprintf("connection from %s to %s, past the proxy", c.RemoteAddr(), l.Addr()))
			t.mu.Unlock()
			c.Close()
		}
	})
	return t, nil
}

func (t *trap) seen() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.came)
}

// Close takes the trap away.
func (t *trap) Close() error {
	err := t.listener.Close()
	t.wg.Wait()
	return err
}
