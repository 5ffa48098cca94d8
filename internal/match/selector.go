package match

import (
	"fmt"
	"slices"
)

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
func (s *Sets) HasSelectors() bool {
	return slices.ContainsFunc(s.now.Load().segments, func(seg *segment) bool { return seg.selectors != nil })
}

// Text returns the sets whose selectors stand in a text, by set. The text is
// UTF-8, without markup; its length is bounded by the caller.
//
// A selector is found as a word of its own: in any case, with O for 0 and I for
// 1, in letters and digits that look alike, in its accents or without. What has
// letters and digits, a plate, is also found over spaces, dashes, dots and
// underscores, wherever these stand; over spaces only in capitals, or where
// nothing else stands in the line or the field of the table. What is digits
// alone, or letters alone, is found in pieces only as its list writes it.
func (s *Sets) Text(text []byte) []SelectorHit {
	var hits []SelectorHit
	for _, seg := range s.now.Load().segments {
		if seg.selectors == nil {
			continue
		}
		look := scan{set: seg.selectors, page: &page{glyphs: s.letters()}, tagger: newTagger(seg.selectors.key)}
		look.begin()
		look.run(text)
		if len(look.distinct) > 0 {
			hits = append(hits, SelectorHit{
				Set: seg.record.Set.Name, SetVersion: seg.record.Set.Version, Rule: look.rule(),
				Count: len(look.distinct), Occurrences: look.occurrences, Samples: look.samples,
			})
		}
	}
	return hits
}

// rule says what was found, by kind.
func (s *scan) rule() string {
	counts := make([]int, len(s.set.kinds))
	for selector := range s.distinct {
		counts[s.set.kind[selector]]++
	}
	rule := fmt.Sprintf("%d of %d selectors stand as words of their own", len(s.distinct), s.set.len())
	sep := ": "
	for kind, n := range counts {
		if name := s.set.kinds[kind]; n > 0 && name != "" {
			rule += fmt.Sprintf("%s%d of kind %s", sep, n, name)
			sep = ", "
		}
	}
	return rule
}
