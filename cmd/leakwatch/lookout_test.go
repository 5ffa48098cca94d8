package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"leakwatch/internal/demo"
)

// lookout watches what one program sends.
type lookout struct {
	wire    *wire // nil: packets cannot be counted
	trace   bool  // strace is there
	program string

	world *demo.World
	trip  *tripwire
}

// leakSeen is what a program sent, and how it ended.
type leakSeen struct {
	code       int
	said       string
	packets    map[string]int // nil: not counted
	stray      []string       // system calls to other addresses than the SOCKS one
	socksCalls int
	tripped    int // connections to a proxy of the environment
	violations []string
	connects   []demo.Connect
}

// with is l with a world of its own.
func (l *lookout) with(t *testing.T, socks string) *lookout {
	t.Helper()
	world, err := demo.Start(demo.Options{Empty: true, Socks: socks})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { world.Close() })
	own := *l
	own.world, own.trip = world, newTripwire(t)
	return &own
}

// port is the SOCKS port, 0 for a Unix socket.
func (l *lookout) port() int {
	_, port, err := net.SplitHostPort(l.world.Socks())
	if err != nil || strings.HasPrefix(l.world.Socks(), "unix:") {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}

// traced are the options of strace.
func traced() []string {
	return []string{"-f", "-qq", "-s", "0", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg,bind", "-e", "signal=none"}
}

// tracing returns why system calls cannot be traced, or nil.
func tracing(t *testing.T) error {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "strace", append(traced(), "true")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// watch runs a program and returns what was seen of it.
func (l *lookout) watch(t *testing.T, env []string, name string, args ...string) leakSeen {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	if l.trace {
		name, args = "strace", append(append(traced(), "-o", trace, name), args...)
	}
	if l.wire != nil {
		if err := l.wire.begin(l.port()); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(append(os.Environ(), l.trip.environment()...), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	seen := leakSeen{code: cmd.ProcessState.ExitCode(), said: string(out),
		violations: l.world.Violations(), connects: l.world.Proxy().Connects("")}
	if l.wire != nil {
		if seen.packets, err = l.wire.end(); err != nil {
			t.Fatal(err)
		}
	}
	if seen.tripped, err = l.trip.count(); err != nil {
		t.Fatal(err)
	}
	if l.trace {
		calls, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		seen.stray, seen.socksCalls = strayCalls(calls, l.world.Socks())
	}
	return seen
}

func (s leakSeen) expectCode(t *testing.T, want int) {
	t.Helper()
	if s.code != want {
		t.Errorf("exit code %d, want %d; it said:\n%s", s.code, want, s.said)
	}
}

// complaints lists all that must not be.
func (s leakSeen) complaints() []string {
	var all []string
	for name, n := range s.packets {
		if name != "socks" && n != 0 {
			all = append(all, fmt.Sprintf("packets %s: %d", name, n))
		}
	}
	for _, call := range s.stray {
		all = append(all, "system call "+call)
	}
	if s.tripped != 0 {
		all = append(all, fmt.Sprintf("%d connections to a proxy of the environment", s.tripped))
	}
	for _, v := range s.violations {
		all = append(all, "the SOCKS proxy saw: "+v)
	}
	for _, c := range s.connects {
		if c.User == "" {
			all = append(all, fmt.Sprintf("CONNECT %s:%d without a SOCKS user", c.Name, c.Port))
		}
	}
	return all
}

// strayCalls reads what strace wrote: the calls that name an address other than
// the SOCKS one, and how many name that one. The daemon's own Unix socket is no
// way out; another may be one, since resolvers listen there. A bind to any free port of loopback is how Go's library finds out whether
// there is an IPv6: nothing is sent, and a listener would be another call.
func strayCalls(trace []byte, socks string) (stray []string, socksCalls int) {
	call := regexp.MustCompile(`^\d+ +(\w+)\(.*?\{(sa_family=\w+.*)$`)
	inet := regexp.MustCompile(`^sa_family=AF_INET6?, sin6?_port=htons\((\d+)\),.*?"([0-9a-fA-F:.]+)"`)
	local := regexp.MustCompile(`^sa_family=AF_UNIX, sun_path=@?"([^"]*)"`)
	for line := range bytes.Lines(trace) {
		m := call.FindSubmatch(bytes.TrimSpace(line))
		if m == nil {
			continue
		}
		name, rest := string(m[1]), string(m[2])
		if path := local.FindStringSubmatch(rest); path != nil {
			switch {
			case "unix:"+path[1] == socks:
				socksCalls++
			case filepath.Base(path[1]) != filepath.Base(defaultSocket):
				stray = append(stray, name+" unix:"+path[1])
			}
			continue
		}
		at := inet.FindStringSubmatch(rest)
		if at == nil {
			stray = append(stray, name+" "+rest)
			continue
		}
		ip, err := netip.ParseAddr(at[2])
		to := net.JoinHostPort(at[2], at[1])
		switch {
		case name == "bind" && at[1] == "0" && err == nil && ip.Unmap().IsLoopback():
		case name == "connect" && to == socks:
			socksCalls++
		default:
			stray = append(stray, name+" "+to)
		}
	}
	return stray, socksCalls
}

// The reader of traces must not overlook anything.
func TestStrayCalls(t *testing.T) {
	const trace = `101 connect(5, {sa_family=AF_INET, sin_port=htons(9050), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
101 connect(5, {sa_family=AF_INET, sin_port=htons(9051), sin_addr=inet_addr("127.0.0.1")}, 16 <unfinished ...>
102 <... connect resumed>)              = 0
102   connect(6, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::9", &sin6_addr), sin6_scope_id=0}, 28) = 0
102 sendto(7, ""..., 40, MSG_NOSIGNAL, NULL, 0) = 40
102 sendto(7, ""..., 40, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 40
102 sendmsg(7, {msg_name={sa_family=AF_INET, sin_port=htons(54), sin_addr=inet_addr("10.0.0.1")}, msg_namelen=16, msg_iov=[], msg_iovlen=1}, 0) = 40
102 sendmmsg(7, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(55), sin_addr=inet_addr("10.0.0.1")}, msg_namelen=16}}], 1, 0) = 1
102 connect(8, {sa_family=AF_UNIX, sun_path="/state/leakwatch.sock"}, 27) = 0
102 connect(8, {sa_family=AF_UNIX, sun_path="/run/tor/socks"}, 27) = 0
102 connect(8, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)
102 connect(8, {sa_family=AF_UNSPEC, sa_data="\0"}, 16) = 0
102 bind(8, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
102 bind(8, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
102 bind(8, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
102 bind(8, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
102 sendto(9, ""..., 40, 0, {sa_family=AF_INET, sin_port=htons(9050), sin_addr=inet_addr("127.0.0.1")}, 16) = 40
`
	stray, socks := strayCalls([]byte(trace), "127.0.0.1:9050")
	got := strings.Join(stray, "\n")
	want := `connect 127.0.0.1:9051
connect [2001:db8::9]:443
sendto 10.0.0.1:53
sendmsg 10.0.0.1:54
sendmmsg 10.0.0.1:55
connect unix:/run/tor/socks
connect unix:/var/run/nscd/socket
connect sa_family=AF_UNSPEC, sa_data="\0"}, 16) = 0
bind 0.0.0.0:0
bind sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0
sendto 127.0.0.1:9050`
	if got != want || socks != 1 {
		t.Errorf("got %d calls to the SOCKS address and\n%s\nwant 1 and\n%s", socks, got, want)
	}
	if _, n := strayCalls([]byte(trace), "unix:/run/tor/socks"); n != 1 {
		t.Errorf("got %d calls to the Unix socket, want 1", n)
	}
}
