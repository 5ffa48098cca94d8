package inspect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

// Memory is what was looked at before. What is noted is durable when the call
// returns; it is noted after what was found has been raised, and before the
// visit is done: a crash in between looks again and loses nothing.
type Memory interface {
	Note(context.Context, ...seen.Picture) error
	NoteManifest(ctx context.Context, p seen.Place, at time.Time, lines []container.Line) error
	Picture(sha256 [32]byte) (seen.Picture, bool, error)
}

// note remembers pictures, where there is a memory.
func (r *Room) note(ctx context.Context, pictures ...seen.Picture) error {
	if r.o.Memory == nil || len(pictures) == 0 {
		return nil
	}
	return r.o.Memory.Note(ctx, pictures...)
}

// noteLines remembers what a manifest states, where there is a memory.
func (r *Room) noteLines(ctx context.Context, p seen.Place, at time.Time, lines []container.Line) error {
	if r.o.Memory == nil {
		return nil
	}
	return r.o.Memory.NoteManifest(ctx, p, at, lines)
}

// placeOf is where the crawler found something by itself.
func placeOf(f crawler.Found) seen.Place { return seen.Place{Site: f.Site, URL: f.URL, Page: f.Page} }

// kept is what the memory keeps of a look. Where the digest was known, only
// place and time are new.
func (s *Seen) kept(p seen.Place, at time.Time, again bool) seen.Picture {
	out := seen.Picture{First: at, Last: at, Place: p}
	if raw, err := hex.DecodeString(s.SHA256); err == nil {
		copy(out.SHA256[:], raw)
	}
	if again {
		return out
	}
	out.Width, out.Height, out.Cause, out.Sight = s.width(), s.height(), s.cause(), s.horizon
	out.Nothing = s.cause() != string(crawler.LimitTime) && !slices.ContainsFunc(s.Hits, func(h match.Hit) bool { return h.Verdict != match.Weak })
	if s.PHash != nil {
		h := uint64(*s.PHash)
		out.PHash = &h
	}
	if s.PDQ == nil || s.Quality == nil {
		return out
	}
	out.PDQ, out.Quality = s.PDQ, *s.Quality
	for i := range s.parts {
		part := &s.parts[i]
		switch {
		case part.Frame > 0:
		case i == 0:
			out.Turns = &part.Turns
		default:
			w := seen.Window{Window: part.Window, PDQ: part.Turns[0], Turns: &part.Turns, Quality: part.Quality}
			if w.Window != phash.Whole() { // its turns are not kept
				turns := phash.Derived(w.PDQ)
				w.Turns = &turns
			}
			out.Windows = append(out.Windows, w)
		}
	}
	// The whole enlarged comes first, and then the largest: nothing else tells the
	// pictures of a page from what is around them.
	slices.SortStableFunc(out.Windows, func(a, b seen.Window) int { return cmp.Compare(area(b.Window), area(a.Window)) })
	return out
}

func area(w phash.Window) float64 { return (w[2] - w[0]) * (w[3] - w[1]) }

// before gives out a picture in which nothing was found under the same sight,
// before the last restart or longer ago than the digests that are at hand.
func before(m Memory, digest [32]byte, horizon uint64) (Seen, bool, error) {
	if m == nil {
		return Seen{}, false, nil
	}
	p, known, err := m.Picture(digest)
	if err != nil || !known || !p.Nothing || p.Sight != horizon {
		return Seen{}, false, err
	}
	return Seen{Print: printOf(&p)}, true, nil
}

// printOf is a kept picture as a fingerprint; the sentence of a cause is not
// kept.
func printOf(p *seen.Picture) Print {
	out := Print{SHA256: hex.EncodeToString(p.SHA256[:]), PDQ: p.PDQ}
	out.Ref = out.SHA256[:16]
	if p.PDQ != nil {
		out.Quality = &p.Quality
	}
	if p.PHash != nil {
		h := phash.PHash(*p.PHash)
		out.PHash = &h
	}
	if p.Width > 0 {
		out.Width, out.Height = &p.Width, &p.Height
	}
	if p.Cause != "" && p.Cause != string(crawler.OK) {
		out = out.because(p.Cause, "as when it was looked at before")
	}
	return out
}

// token is a sight as the memory keeps it.
func token(sight string) uint64 {
	sum := sha256.Sum256([]byte(sight))
	return binary.BigEndian.Uint64(sum[:])
}
