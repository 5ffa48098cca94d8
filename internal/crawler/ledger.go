package crawler

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"leakwatch/internal/kv"
)

// Pictures counts the pictures that visits came upon, each in one of its ways.
type Pictures struct {
	Inspected   int `json:"inspected"`
	Known       int `json:"known"`        // the same bytes as before: nothing to decode
	ExactOnly   int `json:"exact_only"`   // judged on exact bytes only
	NotHashable int `json:"not_hashable"` // could not be judged
}

func (p Pictures) sum() int { return p.Inspected + p.Known + p.ExactOnly + p.NotHashable }

func (p *Pictures) add(o Pictures) {
	p.Inspected += o.Inspected
	p.Known += o.Known
	p.ExactOnly += o.ExactOnly
	p.NotHashable += o.NotHashable
}

func (c *Containers) add(o Containers) {
	c.Opened += o.Opened
	c.Listed += o.Listed
	c.Sampled += o.Sampled
	c.NotOpened += o.NotOpened
}

// enter counts one container by how the look at it ended.
func (c *Containers) enter(cause Cause) {
	switch cause {
	case OK:
		c.Opened++
	case Sampled:
		c.Sampled++
	default:
		c.NotOpened++
	}
}

// Ledger is what was looked at in a span of time. Due = Visited + Waiting, and
// Visited is the sum of Causes.
type Ledger struct {
	Site         string        `json:"site"`
	From         time.Time     `json:"from"` // on a whole slot of ten minutes
	To           time.Time     `json:"to"`
	Due          int           `json:"due"`
	Visited      int           `json:"visited"`
	Waiting      int           `json:"waiting"` // due now and not yet visited
	Content      int           `json:"content"`
	Causes       map[Cause]int `json:"causes"`
	Pictures     Pictures      `json:"pictures"`
	Containers   Containers    `json:"containers"`
	Members      int           `json:"members"`
	Bytes        int64         `json:"bytes"`
	LongestBlind time.Duration `json:"-"` // the longest time in which nothing could be seen
}

// Ledger adds up the stored outcomes of a site, also of one that is configured
// no more. From and to are widened to whole slots of ten minutes. Blind is a
// site from its first miss on, when it is paused, when Tor is down, and while
// no daemon runs.
func (c *Crawler) Ledger(ctx context.Context, site string, from, to time.Time) (Ledger, error) {
	first, last := slotOf(ms(from)), slotOf(ms(to.Add(slotLength-time.Millisecond)))
	l := Ledger{
		Site: site, From: when(int64(first) * slotLength.Milliseconds()), To: when(int64(last) * slotLength.Milliseconds()),
		Causes: map[Cause]int{},
	}
	err := c.memory.view(func(r records) error {
		rec, known, err := r.site(site)
		if err != nil {
			return err
		}
		if !known {
			return ErrNoSite
		}
		err = r.tallies(rec.ID, first, last, func(_ uint32, t tally) error {
			for cause, n := range t.causes {
				l.Causes[cause] += n
				l.Visited += n
				if cause.Class() == ClassSeen {
					l.Content += n
				}
			}
			l.Pictures.add(t.pictures)
			l.Containers.add(t.containers)
			l.Members += t.members
			l.Bytes += t.bytes
			return ctx.Err()
		})
		if err != nil {
			return err
		}
		if l.Waiting, err = dueNow(r, rec.ID, ms(time.Now())); err != nil {
			return err
		}
		l.LongestBlind, err = longestBlind(r, &rec, ms(l.From), min(ms(l.To), ms(time.Now())))
		return err
	})
	if err != nil {
		return Ledger{}, fmt.Errorf("ledger of %s: %w", site, err)
	}
	l.Due = l.Visited + l.Waiting
	return l, nil
}

// dueNow counts the links of a site that are due.
func dueNow(r records, site uint32, now int64) (int, error) {
	n := 0
	err := r.queues(site, func(host uint32) error {
		for _, in := range dueLanes() {
			err := r.queued(site, host, in, 0, func(due int64, _ linkKey) bool {
				if due > now {
					return false
				}
				n++
				return true
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// longestBlind is the longest span in [from, to] without sight: spans that
// touch are one.
func longestBlind(r records, rec *siteRecord, from, to int64) (time.Duration, error) {
	from = max(from, rec.Created)
	var all []span
	for _, id := range []uint32{0, rec.ID} {
		err := r.spans(id, func(s span) error {
			if s.to == 0 {
				s.to = to
			}
			if s.from, s.to = max(s.from, from), min(s.to, to); s.from < s.to {
				all = append(all, s)
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	slices.SortFunc(all, func(a, b span) int { return int(a.from - b.from) })
	longest, begin, end := int64(0), int64(0), int64(0)
	for _, s := range all {
		if s.from > end {
			begin = s.from
		}
		end = max(end, s.to)
		longest = max(longest, end-begin)
	}
	return time.Duration(longest) * time.Millisecond, nil
}

// tally is what one slot of the ledger holds. The visits are the sum of causes.
type tally struct {
	causes     map[Cause]int
	pictures   Pictures
	containers Containers
	members    int
	bytes      int64
}

// tallyVersion 1 knew of no containers.
const tallyVersion = 2

// numbers are those of t that each stand for themselves, oldest version first.
func (t *tally) numbers() []*int {
	p, c := &t.pictures, &t.containers
	return []*int{&p.Inspected, &p.Known, &p.ExactOnly, &p.NotHashable, &c.Opened, &c.Listed, &c.Sampled, &c.NotOpened, &t.members}
}

func (t *tally) encode() []byte {
	b := []byte{tallyVersion}
	for _, n := range t.numbers() {
		b = binary.AppendUvarint(b, uint64(*n))
	}
	b = binary.AppendUvarint(b, uint64(t.bytes))
	b = binary.AppendUvarint(b, uint64(len(t.causes)))
	for _, c := range slices.Sorted(maps.Keys(t.causes)) {
		b = kv.AppendText(b, string(c))
		b = binary.AppendUvarint(b, uint64(t.causes[c]))
	}
	return b
}

func decodeTally(b []byte) (tally, error) {
	r := kv.Reader{Rest: b}
	t := tally{causes: map[Cause]int{}}
	numbers := t.numbers()
	switch r.Byte() {
	case 1:
		numbers = numbers[:4]
	case tallyVersion:
	default:
		r.Bad = true
	}
	for _, n := range numbers {
		*n = int(r.Uvarint())
	}
	t.bytes = int64(r.Uvarint())
	for n := r.Uvarint(); n > 0 && !r.Bad; n-- {
		c := Cause(r.Text())
		t.causes[c] = int(r.Uvarint())
	}
	if r.Bad || len(r.Rest) > 0 {
		return tally{}, errCorrupt
	}
	return t, nil
}
