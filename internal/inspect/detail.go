package inspect

import (
	"fmt"
	"image"
	"slices"

	"leakwatch/internal/match"
	"leakwatch/internal/phash"
)

// Detail is what `hash --detail` adds: the more there is of it, the more
// alterations are seen through, and the more of a picture it gives away.
type Detail struct {
	Windows    []*phash.PDQ `json:"windows"`    // by phash.EntryWindows
	Keypoints  []byte       `json:"keypoints"`  // as phash.Points writes them
	Thumbprint []byte       `json:"thumbprint"` // 64x64 grey values
}

// Levels are the levels of detail, the least first.
func Levels() []string { return []string{match.Hashes, match.Windows, match.Keypoints} }

// CheckLevel refuses what is no level of detail.
func CheckLevel(level string) error {
	if !slices.Contains(Levels(), level) {
		return fmt.Errorf("no detail is called %q: hashes, windows or keypoints", level)
	}
	return nil
}

// detailOf works out the detail of an entry at a level; nil at hashes.
func detailOf(sharp *image.Gray, level string) *Detail {
	if level == match.Hashes {
		return nil
	}
	d := &Detail{}
	if sharp == nil {
		return d
	}
	d.Windows = phash.OfWindows(sharp)
	if level == match.Keypoints {
		thumb := phash.ThumbOf(sharp)
		d.Keypoints, d.Thumbprint = phash.PointsOf(sharp, phash.Entry).AppendBinary(nil), thumb[:]
	}
	return d
}
