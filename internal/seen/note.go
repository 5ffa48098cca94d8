package seen

import (
	"context"
	"fmt"
	"time"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// writing is one transaction of Note. The texts that it adds are remembered
// only once they are on the disk.
type writing struct {
	tx    *kv.Tx
	texts map[string]uint32
}

// Note remembers pictures, all of them or none. It is durable when it returns;
// many callers share one fsync. Of a picture that is known First stays, Last
// is widened, another place is added, and the rest is that of the last look; a
// picture without a Cause was not looked at anew, and leaves it as it is.
func (s *Seen) Note(ctx context.Context, pictures ...Picture) error {
	if err := ctx.Err(); err != nil || len(pictures) == 0 {
		return err
	}
	var w *writing
	err := s.db.View(s.catchUp)
	if err == nil {
		err = s.db.Batch(func(tx *kv.Tx) error {
			w = &writing{tx, map[string]uint32{}}
			for i := range pictures {
				if err := s.note(w, &pictures[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("note what was seen: %w", err)
	}
	s.learn(w)
	return nil
}

// learn keeps the numbers of texts that a committed transaction has added.
func (s *Seen) learn(w *writing) {
	for text, n := range w.texts {
		s.texts.Add(text, n)
	}
}

func (s *Seen) note(w *writing, p *Picture) error {
	at := Stay{p.Place.cut(), p.First, p.Last}
	if at.Last.IsZero() {
		at.Last = time.Now()
	}
	if at.First.IsZero() || at.First.After(at.Last) {
		at.First = at.Last
	}
	row, r, known, err := s.find(w.tx, p.SHA256)
	if err != nil {
		return err
	}
	if !known {
		return s.add(w, p, at)
	}
	first, err := s.told(w.tx, &r.place)
	if err != nil {
		return err
	}
	if first.same(&at.Place) {
		r.first, r.last = min(r.first, seconds(at.First)), max(r.last, seconds(at.Last))
	} else if err := s.putStay(w, row, at, &r.further); err != nil {
		return err
	}
	if err := s.take(w, &r, p); err != nil {
		return err
	}
	return bucket(w.tx, "pictures").Put(key32(row), r.encode())
}

// add makes the next row.
func (s *Seen) add(w *writing, p *Picture, at Stay) error {
	b := bucket(w.tx, "pictures")
	row := uint32(b.Sequence())
	if row == manyRows {
		return fmt.Errorf("more than %d pictures", row)
	}
	r := record{sha: p.SHA256, first: seconds(at.First), last: seconds(at.Last)}
	var err error
	if r.place, err = s.placeOf(w, &at.Place); err != nil {
		return err
	}
	if err := s.take(w, &r, p); err != nil {
		return err
	}
	if err := putIndex(w.tx, row, p.SHA256); err != nil {
		return err
	}
	if err := b.SetSequence(uint64(row) + 1); err != nil {
		return err
	}
	b.FillPercent = appended
	return b.Put(key32(row), r.encode())
}

// take puts what the last look gave into a record. A look that was cut short
// takes no hash away.
func (s *Seen) take(w *writing, r *record, p *Picture) (err error) {
	if p.Cause == "" {
		return nil
	}
	r.nothing = p.Nothing
	if r.look, err = s.number(w, lookText(p.Cause, p.Sight)); err != nil {
		return err
	}
	if p.Width > 0 && p.Height > 0 {
		r.width, r.height = p.Width, p.Height
	}
	if p.PHash != nil {
		r.phash = p.PHash
	}
	if p.PDQ == nil {
		return nil
	}
	r.quality, r.pdq = clamp(p.Quality), turnsOf(*p.PDQ, p.Turns)
	before := len(r.windows)
	r.windows = nil
	for _, one := range p.Windows[:keptWindows(w.tx, before, len(p.Windows))] {
		one.Quality, one.Turns = clamp(one.Quality), turnsOf(one.PDQ, one.Turns)
		r.windows = append(r.windows, one)
	}
	return countWindows(w.tx, len(r.windows)-before)
}

// keptWindows is how many of n windows are kept of a picture that has some
// already, or none.
func keptWindows(tx *kv.Tx, before, n int) int {
	room := windowsAhead + windowsEach*float64(bucket(tx, "pictures").Sequence()) - float64(bucket(tx, "index").Sequence())
	return min(n, MaxWindows, max(alwaysWindows, before+int(room)))
}

func countWindows(tx *kv.Tx, more int) error {
	if more == 0 {
		return nil
	}
	b := bucket(tx, "index")
	return b.SetSequence(uint64(max(int64(b.Sequence())+int64(more), 0)))
}

func clamp(quality int) int { return min(max(quality, 0), 100) }

func turnsOf(upright phash.PDQ, turns *[8]phash.PDQ) *[8]phash.PDQ {
	if turns != nil && turns[0] == upright {
		return turns
	}
	derived := phash.Derived(upright)
	return &derived
}

// Picture returns what is kept of the picture with these bytes.
func (s *Seen) Picture(sha256 [32]byte) (p Picture, known bool, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		if err := s.catchUp(tx); err != nil {
			return err
		}
		_, r, ok, err := s.find(tx, sha256)
		if err != nil || !ok {
			return err
		}
		known = true
		p, err = s.picture(tx, &r)
		return err
	})
	if err != nil {
		return Picture{}, false, fmt.Errorf("read what was seen: %w", err)
	}
	return p, known, nil
}

// picture is a record with its texts.
func (s *Seen) picture(tx *kv.Tx, r *record) (p Picture, err error) {
	p = Picture{SHA256: r.sha, Quality: r.quality, PHash: r.phash, Width: r.width, Height: r.height, Windows: r.windows,
		Nothing: r.nothing, First: when(r.first), Last: when(r.last)}
	if r.pdq != nil {
		p.PDQ, p.Turns = &r.pdq[0], r.pdq
	}
	look, err := s.text(tx, r.look)
	if err != nil {
		return p, err
	}
	if p.Cause, p.Sight, err = lookOf(look); err != nil {
		return p, err
	}
	p.Place, err = s.told(tx, &r.place)
	return p, err
}
