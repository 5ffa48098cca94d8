package tor

// stage is how far a talk with the SOCKS port has come, told from the bytes
// that it sent.
type stage int

const (
	greeting stage = iota // the answer to our greeting is not complete
	foreign               // not SOCKS5, or our login was refused
	waiting               // greeted; the reply to CONNECT has not begun
	replying              // the reply has begun
	replied               // its code is known
)

// heardMax is how many first bytes tell all of it: two of greeting, two of
// login, two of the reply.
const heardMax = 6

// hear reads the first bytes that a SOCKS port sent. With a login they are
// 05 02, 01 00, 05 CODE; without, 05 00, 05 CODE. x/net/proxy gives Tor's
// extended codes as text only, hence this.
func hear(b []byte) (at stage, code byte) {
	if len(b) > 0 && b[0] != 5 {
		return foreign, 0
	}
	if len(b) < 2 {
		return greeting, 0
	}
	rest := b[2:]
	switch b[1] {
	case 0: // no login wanted
	case 2:
		if len(rest) > 0 && rest[0] != 1 || len(rest) > 1 && rest[1] != 0 {
			return foreign, 0
		}
		if len(rest) < 2 {
			return greeting, 0
		}
		rest = rest[2:]
	default:
		return foreign, 0
	}
	switch {
	case len(rest) == 0:
		return waiting, 0
	case rest[0] != 5:
		return foreign, 0
	case len(rest) == 1:
		return replying, 0
	}
	return replied, rest[1]
}

// replyCause says what a reply code other than 0 means for a host. The codes
// from 0xF0 come with ExtendedErrors in Tor's SocksPort line; without it, Tor
// sends the plain ones.
func replyCause(code byte, host string) (cause, why string) {
	onion := isOnion(host)
	switch code {
	case 0xF0:
		return "onion_not_found", "no descriptor: the network does not know this onion, or no longer"
	case 0xF1:
		return "onion_bad_descriptor", "its descriptor is invalid"
	case 0xF2:
		return "onion_intro_failed", "introduction failed: the service is gone from its introduction points"
	case 0xF3:
		return "onion_rendezvous_failed", "rendezvous failed"
	case 0xF4:
		return "onion_auth_missing", "the onion wants a client authorization key"
	case 0xF5:
		return "onion_auth_wrong", "the client authorization key is wrong"
	case 0xF6:
		return "onion_bad_address", "Tor takes this for no onion address"
	case 0xF7:
		return "onion_intro_timeout", "introduction timed out"
	case 0x02:
		return "tor_failed", "Tor's rules do not allow the connection (SOCKS reply 2)"
	case 0x03:
		if onion {
			return "onion_intro_failed", "network unreachable (SOCKS reply 3)"
		}
		return "exit_failed", "network unreachable (SOCKS reply 3)"
	case 0x04:
		if onion {
			return "onion_not_found", "host unreachable (SOCKS reply 4; ExtendedErrors in the SocksPort line tells more)"
		}
		return "exit_failed", "host unreachable (SOCKS reply 4)"
	case 0x05:
		return "port_closed", "the host is up, nothing listens on the port"
	case 0x06:
		return "timeout_connect", "Tor gave up waiting (SOCKS reply 6)"
	}
	return "tor_failed", "general failure of Tor (SOCKS reply 1 or an unknown one)"
}
