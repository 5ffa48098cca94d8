package match

import "leakwatch/internal/container"

// ManifestHit says that a manifest states what a set holds. Agree of Of lines
// state an entry; Count is how many entries of the set can be stated so. Rule
// says in words why the lines are no coincidence.
type ManifestHit struct {
	Set        string
	SetVersion int
	Agree      int
	Of         int
	Count      int
	Rule       string
}

// HasManifests reports whether some set holds entries that a line of a manifest
// can state.
func (s *Sets) HasManifests() bool { return false }

// Manifest returns the sets whose entries enough of the lines state, by set;
// only what is worth an alert.
func (s *Sets) Manifest(lines []container.Line) []ManifestHit { return nil }
