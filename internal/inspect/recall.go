package inspect

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"leakwatch/internal/match"
	"leakwatch/internal/seen"
)

// Recall says what would be found in a picture if only what the memory keeps of
// it were left: what Past sees.
func (r *Room) Recall(ctx context.Context, data []byte, sets PastSets) (Seen, error) {
	digest := sha256.Sum256(data)
	print, h, err := fingerprint(ctx, digest, data, r.rules.Load().decoder)
	if err != nil {
		return Seen{}, err
	}
	found := Seen{Print: print, parts: query(ctx, digest, print, &h, false).Parts}
	left := found.kept(seen.Place{}, time.Time{}, false)
	left.Windows = left.Windows[:min(len(left.Windows), seen.MaxWindows)]
	hits, err := sets.SearchMany(slices.Sorted(maps.Keys(sets.Horizons())), []match.Query{pastQuery(&left)})
	if err == nil {
		found.Hits = hits[0]
	}
	return found, err
}
