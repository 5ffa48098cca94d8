package tor

import (
	"crypto/sha3"
	"encoding/base32"
	"strings"
)

// ValidOnion reports whether host is a v3 onion address, or a sub-domain of
// one: 56 letters that hold a key, its checksum and the version. A wrong one
// can never be reached, so it is a mistake of whoever wrote it.
func ValidOnion(host string) bool {
	host = strings.ToLower(host)
	if !isOnion(host) || !isDNS(host) {
		return false
	}
	address := Service(host)
	if len(address) != 56+len(".onion") {
		return false
	}
	const keySize, version = 32, 3
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(address[:56]))
	if err != nil || len(raw) != keySize+3 || raw[keySize+2] != version {
		return false
	}
	sum := sha3.Sum256(append(append([]byte(".onion checksum"), raw[:keySize]...), version))
	return sum[0] == raw[keySize] && sum[1] == raw[keySize+1]
}

// isOnion reports whether name, in lower case, claims to be an onion.
func isOnion(name string) bool { return strings.HasSuffix(name, ".onion") }

// Service strips the sub-domains off an onion name: they are one service. Other
// names come back as they are.
// Other names stay whole.
func Service(name string) string {
	rest, ok := strings.CutSuffix(name, ".onion")
	if !ok {
		return name
	}
	return rest[strings.LastIndexByte(rest, '.')+1:] + ".onion"
}
