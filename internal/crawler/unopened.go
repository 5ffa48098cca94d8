package crawler

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"leakwatch/internal/kv"
)

// What was not looked at, or not wholly, line by line. The lines of a link are
// those of its last visit that saw content, or of all slices of a container:
// they stay while the same bytes stand there, and go when a later look finds
// nothing left to say. They are written with the rest of the visit.

const (
	linesOfLink = 1000   // kept of one link; the last one tells how many more there were
	linesOfSite = 50_000 // kept of one site: the newest
)

// NotOpened is one picture, container or member that was not looked at, or not
// wholly.
type NotOpened struct {
	Site      string    `json:"site"`
	URL       string    `json:"url"`
	Container *string   `json:"container"` // format of the outermost one; nil: a picture on its own
	Member    *string   `json:"member"`    // nil: the container or picture itself
	Size      *int64    `json:"size"`
	Cause     Cause     `json:"cause"`
	Why       *string   `json:"why"`
	Seen      time.Time `json:"seen"`
}

// line is one of them as it is kept.
type line struct {
	Unopened
	url string // "" when it is that of its link
}

// linesOf are the lines of one link.
type linesOf struct {
	at    int64 // ms, of the visit
	link  linkKey
	lines []line
	more  int // that were not kept
}

// keeping says what a visit does with the lines of its link.
type keeping int

const (
	keepLines    keeping = iota // nothing new was seen
	replaceLines                // they are of what was there before
	addLines                    // of another slice
)

// bound cuts to what is kept of one link.
func (s *linesOf) bound() {
	if more := len(s.lines) - linesOfLink; more > 0 {
		s.lines, s.more = s.lines[:linesOfLink], s.more+more
	}
}

func (s *linesOf) encode() []byte {
	b := binary.AppendUvarint([]byte{recordVersion}, uint64(len(s.lines)))
	for i := range s.lines {
		l := &s.lines[i]
		for _, text := range []string{l.url, l.Container, clip(l.Member, maxMember), string(l.Cause), clip(l.Why, maxWhy)} {
			b = kv.AppendText(b, text)
		}
		b = binary.AppendUvarint(b, uint64(max(l.Size, -1)+1))
	}
	if s.more > 0 {
		b = binary.AppendUvarint(b, uint64(s.more))
	}
	return b
}

// maxMember is how much of a member's name is kept; bytes.
const maxMember = 1 << 10

func decodeLines(b []byte) (s linesOf, err error) {
	r := kv.Reader{Rest: b}
	if r.Byte() != recordVersion {
		r.Bad = true
	}
	n := r.Uvarint()
	if n > uint64(len(b)) {
		return linesOf{}, errCorrupt
	}
	s.lines = make([]line, 0, n)
	for ; n > 0 && !r.Bad; n-- {
		l := line{url: r.Text()}
		l.Container, l.Member, l.Cause, l.Why = r.Text(), r.Text(), Cause(r.Text()), r.Text()
		l.Size = int64(r.Uvarint()) - 1
		s.lines = append(s.lines, l)
	}
	if len(r.Rest) > 0 {
		s.more = int(r.Uvarint())
	}
	if r.Bad || len(r.Rest) > 0 {
		return linesOf{}, errCorrupt
	}
	return s, nil
}

// writeLines is the part of done that keeps the lines of a link in step. l is
// the link as it is about to be written, old as it was.
func writeLines(r records, old, l *link, res *result, rec *siteRecord) error {
	if res.keeping == keepLines {
		l.lines = old.lines
		return nil
	}
	now := linesOf{at: res.at, link: l.key}
	if old.lines != 0 {
		before, err := r.lines(rec.ID, old.lines, l.key)
		if err != nil {
			return err
		}
		if res.keeping == addLines {
			now.lines, now.more = before.lines, before.more
		}
		rec.Lines -= len(before.lines)
		if err := r.dropLines(rec.ID, old.lines, l.key); err != nil {
			return err
		}
	}
	now.lines = append(now.lines, res.lines...)
	now.bound()
	if l.lines = 0; len(now.lines) == 0 {
		return nil
	}
	l.lines = now.at
	rec.Lines += len(now.lines)
	if err := r.putLines(rec.ID, &now); err != nil {
		return err
	}
	return forget(r, rec)
}

// forget drops the oldest lines of a site that has more than are kept. Their
// links may say that they have some: none are found then.
func forget(r records, rec *siteRecord) error {
	if rec.Lines <= linesOfSite {
		return nil
	}
	var old []linesOf
	left := rec.Lines
	err := r.allLines(rec.ID, 0, linkKey{}, func(s linesOf) bool {
		old = append(old, s)
		left -= len(s.lines)
		return left > linesOfSite*9/10
	})
	if err != nil {
		return err
	}
	for _, s := range old {
		if err := r.dropLines(rec.ID, s.at, s.link); err != nil {
			return err
		}
	}
	rec.Lines = left
	return nil
}

// Unopened lists what was not looked at on a site between two times, oldest
// first: the newest lines are kept. It reads on in pieces: no snapshot is held
// while the caller works.
func (c *Crawler) Unopened(ctx context.Context, site string, from, to time.Time) iter.Seq2[NotOpened, error] {
	return func(yield func(NotOpened, error) bool) {
		after := linesOf{at: max(ms(from), 0)}
		for more := true; more; {
			piece, err := c.unopenedPiece(site, &after)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(NotOpened{}, fmt.Errorf("what was not opened of %s: %w", site, err))
				return
			}
			for _, n := range piece {
				if !n.Seen.Before(to) {
					return
				}
				if !yield(n, nil) {
					return
				}
			}
			more = len(piece) > 0
		}
	}
}

// unopenedPiece reads the lines of some links behind after, and moves after on.
func (c *Crawler) unopenedPiece(site string, after *linesOf) (piece []NotOpened, err error) {
	err = c.memory.view(func(r records) error {
		rec, known, err := r.site(site)
		if err != nil {
			return err
		}
		if !known {
			return ErrNoSite
		}
		var some []linesOf
		n := 0
		err = r.allLines(rec.ID, after.at, after.link, func(s linesOf) bool {
			some = append(some, s)
			n += len(s.lines)
			return n < linksAtOnce
		})
		if err != nil {
			return err
		}
		for _, s := range some {
			l, _, err := r.link(rec.ID, s.link)
			if err != nil {
				return err
			}
			for i := range s.lines {
				if i == len(s.lines)-1 && s.more > 0 {
					s.lines[i].Why = clip(fmt.Sprintf("and %d more, as this one: %s", s.more, s.lines[i].Why), maxWhy)
				}
				piece = append(piece, s.lines[i].show(site, l.url, s.at))
			}
			*after = linesOf{at: s.at, link: s.link}
		}
		return nil
	})
	return slices.Clip(piece), err
}

func (l *line) show(site, url string, at int64) NotOpened {
	n := NotOpened{Site: site, URL: url, Container: optional(l.Container), Member: optional(l.Member), Cause: l.Cause, Why: optional(l.Why), Seen: when(at)}
	if l.url != "" {
		n.URL = l.url
	}
	if l.Size >= 0 {
		n.Size = &l.Size
	}
	return n
}
