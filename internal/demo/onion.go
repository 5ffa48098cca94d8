package demo

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base32"
	"strings"
)

// Onion makes the address of an onion service of version 3 from a seed. It is
// valid in form and checksum; nobody holds its key.
func Onion(seed string) string {
	pub := sha256.Sum256([]byte(seed))
	return onionOf(pub[:])
}

func onionOf(pub []byte) string {
	const version = 3
	sum := sha3.Sum256(append(append([]byte(".onion checksum"), pub...), version))
	raw := append(append(append([]byte{}, pub...), sum[:2]...), version)
	return strings.ToLower(base32.StdEncoding.EncodeToString(raw)) + ".onion"
}

// validOnion tells whether a host is an onion address, or a sub-domain of one,
// with a right checksum. Tor answers others with 0xF6.
func validOnion(host string) bool {
	name, ok := strings.CutSuffix(strings.ToLower(host), ".onion")
	if !ok {
		return false
	}
	name = name[strings.LastIndexByte(name, '.')+1:]
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(name))
	return err == nil && len(raw) == 35 && onionOf(raw[:32]) == name+".onion"
}
