// Package phash answers: what does this picture look like, in a few bits?
//
// PDQ-256 with quality is written here from its published description; pHash-64
// comes from goimagehash behind a guard. Both are computed from a luma plane.
// What an entry may bring beside them stands in detail.go: hashes of its windows
// (windows.go), keypoints (keypoint.go) and a thumbprint.
//
// Read print.go first, then pdq.go and sample.go.
package phash

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
)

// PDQ is a 256-bit hash, its bytes in the order in which the hex is printed.
type PDQ [32]byte

// ParsePDQ reads exactly 64 hex digits.
func ParsePDQ(s string) (PDQ, error) {
	var p PDQ
	if len(s) != 64 {
		return p, fmt.Errorf("a PDQ hash has 64 hex digits, not %d", len(s))
	}
	if _, err := hex.Decode(p[:], []byte(s)); err != nil {
		return PDQ{}, fmt.Errorf("a PDQ hash is hex: %w", err)
	}
	return p, nil
}

// String returns 64 lower-case hex digits.
func (p PDQ) String() string { return hex.EncodeToString(p[:]) }

// MarshalText makes a PDQ a string in JSON.
func (p PDQ) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePDQ.
func (p *PDQ) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePDQ(string(text))
	return err
}

// Distance counts the bits in which two hashes differ, 0 to 256.
func (p PDQ) Distance(q PDQ) int {
	n := 0
	for i := range p {
		n += bits.OnesCount8(p[i] ^ q[i])
	}
	return n
}

// PHash is a 64-bit perception hash as goimagehash computes it.
type PHash uint64

// ParsePHash reads exactly 16 hex digits, without a prefix.
func ParsePHash(s string) (PHash, error) {
	if len(s) != 16 {
		return 0, fmt.Errorf("a pHash has 16 hex digits, not %d", len(s))
	}
	if _, err := hex.DecodeString(s); err != nil {
		return 0, fmt.Errorf("a pHash is hex: %w", err)
	}
	v, err := strconv.ParseUint(s, 16, 64)
	return PHash(v), err
}

// String returns 16 lower-case hex digits.
func (p PHash) String() string { return fmt.Sprintf("%016x", uint64(p)) }

// MarshalText makes a PHash a string in JSON.
func (p PHash) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParsePHash.
func (p *PHash) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePHash(string(text))
	return err
}

// Distance counts the bits in which two hashes differ, 0 to 64.
func (p PHash) Distance(q PHash) int { return bits.OnesCount64(uint64(p ^ q)) }
