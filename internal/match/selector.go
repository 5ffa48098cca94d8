package match

// SelectorHit says that a text names selectors of a set. Count is how many
// distinct ones, Occurrences how often all of them, Samples at most five of
// them, masked ("AB•••23"). Rule says in words how they were told from the rest
// of the text.
type SelectorHit struct {
	Set         string
	SetVersion  int
	Count       int
	Occurrences int
	Samples     []string
	Rule        string
}

// HasSelectors reports whether some set holds selectors.
func (s *Sets) HasSelectors() bool { return false }

// Text returns the sets whose selectors stand in a text, by set. The text is
// UTF-8; its length is bounded by the caller.
func (s *Sets) Text(text []byte) []SelectorHit { return nil }
