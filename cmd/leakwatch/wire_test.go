package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// insideNamespace runs TestNoLeak again in a network namespace of its own, and
// returns why it could not.
func insideNamespace(t *testing.T) (refused string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reason := filepath.Join(t.TempDir(), "reason")
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestNoLeak$", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), leakInside+"="+reason, leakBinary+"="+binary(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if cmd.Process == nil {
		return err.Error()
	}
	if text, err := os.ReadFile(reason); err == nil {
		return string(text)
	}
	t.Logf("in a network namespace of its own:\n%s", out)
	if err != nil {
		t.Error(err)
	}
	return ""
}

// wire is a network namespace with default routes to a device that leads
// nowhere: whatever would leave the machine leaves a packet there. Every other
// packet is counted on loopback.
type wire struct {
	ipv6   bool
	before int // packets on the device when the watch began
}

func newWire() (*wire, error) {
	err := feed(`link set lo up
link add leak type veth peer name sink
link set leak arp off addrgenmode none
link set sink arp off addrgenmode none
address add 192.0.2.2/24 dev leak
link set leak up
link set sink up
route add default dev leak
`, "ip", "-batch", "-")
	if err != nil {
		return nil, err
	}
	v6 := feed("address add 2001:db8::2/64 dev leak nodad\nroute add default dev leak\n", "ip", "-6", "-batch", "-")
	w := &wire{ipv6: v6 == nil}
	if err := w.begin(0); err != nil {
		return nil, err
	}
	_, err = w.end()
	return w, err
}

// begin counts anew. Packets from and to the SOCKS port are counted apart; 0:
// there is no such port.
func (w *wire) begin(socks int) error {
	allowed := ""
	if socks != 0 {
		allowed = fmt.Sprintf("oifname lo tcp dport %d counter name socks accept\noifname lo tcp sport %d counter name socks accept\n", socks, socks)
	}
	err := feed(`table inet leakwatch
delete table inet leakwatch
table inet leakwatch {
	counter socks {}
	counter dns {}
	counter loopback {}
	counter outside4 {}
	counter outside6 {}
	chain out {
		type filter hook output priority 0; policy accept;
		`+allowed+`
		meta l4proto { tcp, udp } th dport 53 counter name dns accept
		oifname lo counter name loopback accept
		meta nfproto ipv4 counter name outside4 accept
		meta nfproto ipv6 counter name outside6 accept
	}
}
`, "nft", "-f", "-")
	if err != nil {
		return err
	}
	w.before, err = devicePackets()
	return err
}

// end returns how many packets went where since begin.
func (w *wire) end() (map[string]int, error) {
	out, err := exec.Command("nft", "-j", "list", "counters", "table", "inet", "leakwatch").Output()
	if err != nil {
		return nil, fmt.Errorf("nft list counters: %w", err)
	}
	var rules struct {
		Nftables []struct {
			Counter *struct {
				Name    string
				Packets int
			}
		}
	}
	if err := json.Unmarshal(out, &rules); err != nil {
		return nil, err
	}
	packets := map[string]int{}
	for _, r := range rules.Nftables {
		if r.Counter != nil {
			packets[r.Counter.Name] = r.Counter.Packets
		}
	}
	if len(packets) != 5 {
		return nil, fmt.Errorf("nft list counters: %s", out)
	}
	now, err := devicePackets()
	packets["on the device"] = now - w.before
	return packets, err
}

// devicePackets is how many packets the device to nowhere has sent.
func devicePackets() (int, error) {
	out, err := exec.Command("ip", "-j", "-s", "link", "show", "leak").Output()
	if err != nil {
		return 0, fmt.Errorf("ip link show: %w", err)
	}
	var links []struct {
		Stats64 struct{ Tx struct{ Packets *int } }
	}
	if err := json.Unmarshal(out, &links); err != nil {
		return 0, err
	}
	if len(links) != 1 || links[0].Stats64.Tx.Packets == nil {
		return 0, fmt.Errorf("ip link show: no count in %s", out)
	}
	return *links[0].Stats64.Tx.Packets, nil
}

// feed runs a program with input.
func feed(input, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// tripwire listens where the proxies of the environment would be, and counts
// who comes.
type tripwire struct {
	listener net.Listener
	came     chan int // how many, once closed
}

func newTripwire(t *testing.T) *tripwire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tripwire{l, make(chan int, 1)}
	go func() {
		n := 0
		for {
			c, err := l.Accept()
			if err != nil {
				w.came <- n
				return
			}
			n++
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close() })
	return w
}

func (w *tripwire) port() int { return w.listener.Addr().(*net.TCPAddr).Port }

// count closes the tripwire and returns how many came.
func (w *tripwire) count() (int, error) {
	err := w.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return 0, err
	}
	n := <-w.came
	return n, err
}

// environment names the tripwire as every proxy that programs look for.
func (w *tripwire) environment() []string {
	at := "127.0.0.1:" + strconv.Itoa(w.port())
	var env []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "SOCKS_PROXY"} {
		env = append(env, name+"=http://"+at, strings.ToLower(name)+"=http://"+at)
	}
	return append(env, "NO_PROXY=", "no_proxy=", "REQUEST_METHOD=")
}
