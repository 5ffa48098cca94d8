package match

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"leakwatch/internal/phash"
)

// Probe is a picture by which a set is measured: one that is in no set, or an
// edit of such a one. Its fingerprints alone are sent.
type Probe struct {
	Path     string        `json:"path"`
	SHA256   string        `json:"sha256"`
	Form     string        `json:"form"`  // of the edit; "" is a background picture as it is
	Parts    []Part        `json:"parts"` // as in a Query
	PHash    []phash.PHash `json:"phash"` // in the eight orientations, or empty
	Original *Original     `json:"original"`
}

// Original are the hashes of the picture that was edited, as a set keeps them.
type Original struct {
	PDQ     phash.PDQ    `json:"pdq"`
	Windows []*phash.PDQ `json:"windows"`
	PHash   *phash.PHash `json:"phash"`
}

const (
	maxProbes = 1_000_000
	maxParts  = 100
)

// ReadProbes reads probes, an object a line. A bad line is a *RowError and ends
// the reading.
func ReadProbes(r io.Reader) iter.Seq2[Probe, error] {
	return func(yield func(Probe, error) bool) {
		in := bufio.NewScanner(r)
		in.Buffer(make([]byte, 64<<10), maxJSONLine)
		for line := 1; in.Scan(); line++ {
			if len(bytes.TrimSpace(in.Bytes())) == 0 {
				continue
			}
			var p Probe
			reason := ""
			if err := json.Unmarshal(in.Bytes(), &p); err != nil {
				reason = jsonReason(err)
			} else {
				reason = p.check()
			}
			if line > maxProbes {
				reason = fmt.Sprintf("more than %d pictures", maxProbes)
			}
			if reason != "" {
				yield(Probe{}, &RowError{Path: "-", Line: line, Reason: reason})
				return
			}
			if !yield(p, nil) {
				return
			}
		}
		if err := in.Err(); err != nil {
			yield(Probe{}, fmt.Errorf("read pictures: %w", err))
		}
	}
}

func (p *Probe) check() (reason string) {
	sum, err := hex.DecodeString(p.SHA256)
	switch {
	case err != nil || len(sum) != 32:
		return "sha256 is not 64 hex digits"
	case len(p.Parts) > maxParts:
		return fmt.Sprintf("%d parts, at most %d are taken", len(p.Parts), maxParts)
	case len(p.PHash) != 0 && len(p.PHash) != 8:
		return "phash has one hash for each of 8 orientations, or none"
	case p.Form != "" && p.Original == nil:
		return "an edit needs its original"
	case p.Original != nil && len(p.Original.Windows) > maxWindows:
		return fmt.Sprintf("%d windows, at most %d are known", len(p.Original.Windows), maxWindows)
	}
	return ""
}

// query asks for the probe as Search is asked.
func (p *Probe) query() Query {
	q := Query{Parts: p.Parts}
	if sum, err := hex.DecodeString(p.SHA256); err == nil && len(sum) == 32 {
		q.SHA256 = [32]byte(sum)
	}
	if len(p.PHash) == 8 {
		q.PHash, q.HasPHash = [8]phash.PHash(p.PHash), true
	}
	return q
}
