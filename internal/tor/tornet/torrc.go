package tornet

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// interval is the time between two votes in seconds, the shortest that works;
// the first must be as long as the later ones.
const interval = 10

// plan writes the torrc of every node. lines are the DirAuthority lines.
func (n *Net) plan(lines []string, o Options, now time.Time) error {
	common := commonLines(lines)
	// Relays need 4 s to publish, and the vote is 4 s before the consensus.
	offset := (now.Unix() + 4 + 4) % interval
	for i := range authorities {
		n.add(fmt.Sprintf("authority%d", i), common+fmt.Sprintf(`ORPort %d
DirPort %d
SocksPort 0
ExitRelay 0
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingV3AuthInitialVotingInterval %d
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVoteDelay 2
V3AuthDistDelay 2
V3AuthVotingInterval %d
V3AuthNIntervalsValid 3
TestingV3AuthVotingStartOffset %d
TestingDirAuthVoteGuard *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteExit *
TestingMinExitFlagThreshold 0
`, n.ports.or[i], n.ports.dir[i], interval, interval, offset))
	}
	resolvers := filepath.Join(n.dir, "resolv.conf")
	for i := range relays {
		// An exit resolves names. Ours ask nobody: the only resolver that they
		// know is a port of this host on which nothing listens.
		n.add(fmt.Sprintf("relay%d", i), common+fmt.Sprintf(`ORPort %d
SocksPort 0
ExitRelay 1
ExitPolicyRejectPrivate 0
ExitPolicy accept *:%d,reject *:*
ServerDNSResolvConfFile %s
ServerDNSAllowBrokenConfig 1
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
`, n.ports.or[authorities+i], n.ports.exit, resolvers))
	}
	services := common + "SocksPort 0\n"
	for i, site := range o.Sites {
		services += fmt.Sprintf("HiddenServiceDir %s\nHiddenServicePort 80 %s\n", n.serviceDir(i), site)
	}
	n.add("services", services)
	n.add("client", common+fmt.Sprintf(`SocksPort 127.0.0.1:%d IsolateSOCKSAuth ExtendedErrors
ControlPort 127.0.0.1:%d
CookieAuthentication 1
`, n.ports.socks, n.ports.control))
	return n.write(resolvers, o)
}

// commonLines are what all nodes have alike.
func commonLines(lines []string) string {
	return fmt.Sprintf(`TestingTorNetwork 1
Address 127.0.0.1
AddressDisableIPv6 1
ShutdownWaitLength 0
NumCPUs 1
SafeLogging 0
AvoidDiskWrites 1
AssumeReachable 1
PathsNeededToBuildCircuits 0.25
LearnCircuitBuildTimeout 0
CircuitBuildTimeout 10
FetchDirInfoEarly 1
FetchDirInfoExtraEarly 1
ContactInfo none@test.invalid
__OwningControllerProcess %d
%s
`, os.Getpid(), strings.Join(lines, "\n"))
}

func (n *Net) add(name, torrc string) {
	dir := filepath.Join(n.dir, name)
	n.nodes = append(n.nodes, &node{
		name: name, dir: dir,
		torrc: torrc + fmt.Sprintf("Nickname %s\nDataDirectory %s\nLog notice file %s\n", name, dir, filepath.Join(dir, "log")),
	})
}

func (n *Net) serviceDir(i int) string {
	return filepath.Join(n.dir, "services", fmt.Sprintf("onion%d", i))
}

func (n *Net) write(resolvers string, o Options) error {
	if err := os.WriteFile(resolvers, []byte("nameserver 127.0.0.1:"+strconv.Itoa(n.ports.dns)+"\n"), 0o600); err != nil {
		return err
	}
	for _, node := range n.nodes {
		if err := os.MkdirAll(node.dir, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(node.dir, "torrc"), []byte(node.torrc), 0o600); err != nil {
			return err
		}
	}
	for _, i := range o.Guarded {
		if err := n.guard(i); err != nil {
			return err
		}
	}
	return nil
}

// ports of all nodes.
type ports struct {
	or             [authorities + relays]int
	dir            [authorities]int
	socks, control int
	exit, dns      int // nothing listens there
}

// pickPorts chooses free ports below the range from which the kernel serves
// outgoing connections, so that none is taken by one before its node has
// started. All are held until the last is chosen.
func pickPorts() (ports, error) {
	low := 32768
	if raw, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if fields := strings.Fields(string(raw)); len(fields) == 2 {
			if n, err := strconv.Atoi(fields[0]); err == nil && n > 12_000 {
				low = n
			}
		}
	}
	var p ports
	wanted := []*int{&p.socks, &p.control, &p.exit, &p.dns}
	for i := range p.or {
		wanted = append(wanted, &p.or[i])
	}
	for i := range p.dir {
		wanted = append(wanted, &p.dir[i])
	}
	var held []net.Listener
	defer func() {
		for _, ln := range held {
			ln.Close()
		}
	}()
	for tries := 0; len(held) < len(wanted); tries++ {
		if tries > 1000 {
			return ports{}, fmt.Errorf("no %d free ports below %d", len(wanted), low)
		}
		port := 10_000 + randomBelow(low-10_000)
		ln, err := net.Listen("tcp", loopback(port))
		if err != nil {
			continue
		}
		*wanted[len(held)] = port
		held = append(held, ln)
	}
	return p, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
