package crawler

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// When a hash set is loaded or a rule changes, what was judged before may be
// one of the leaked pictures after all. Its links are made due again, a piece
// at a time, so that the schedule goes on. A crash on the way begins anew: what
// is due already stays as it is.

const (
	noteSight    = "sight" // the sight that all links were judged by, or made due for
	resightPiece = 2000    // links read in one transaction
)

// resight is a walk over the links of all sites. The scheduler owns it.
type resight struct {
	sights sights   // that it makes links due for
	names  []string // sites that are still to be walked
	after  linkKey  // of the first of them
	due    int      // links made due
}

// resightSome does a piece of the walk that is needed, and says whether more
// is to be done.
func (c *Crawler) resightSome() (more bool, err error) {
	now := c.limits().sights()
	if now.both == c.judged {
		return false, nil
	}
	if c.walk == nil || c.walk.sights != now {
		if c.walk, err = c.beginResight(now); err != nil {
			return false, err
		}
	}
	if len(c.walk.names) > 0 {
		return true, c.resightPiece(c.walk)
	}
	err = c.memory.update(func(r records) error { return r.putNote(noteSight, int64(now.both)) })
	if err != nil {
		return false, fmt.Errorf("note the sight: %w", err)
	}
	if c.walk.due > 0 {
		c.limits().Log.Info("hash sets or rules have changed: they are looked for again", "links", c.walk.due)
	}
	c.judged, c.walk = now.both, nil
	return false, nil
}

// beginResight plans the walk: none, where all links were judged by this sight
// or nothing was ever judged.
func (c *Crawler) beginResight(now sights) (*resight, error) {
	var noted int64
	err := c.memory.view(func(r records) (err error) {
		noted, err = r.note(noteSight)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sight: %w", err)
	}
	walk := &resight{sights: now}
	if noted != 0 && uint64(noted) != now.both {
		c.mu.Lock()
		for name := range c.sites {
			walk.names = append(walk.names, name)
		}
		c.mu.Unlock()
		slices.Sort(walk.names)
	}
	return walk, nil
}

// resightPiece makes the next links of the first site due.
func (c *Crawler) resightPiece(walk *resight) error {
	c.mu.Lock()
	w := c.sites[walk.names[0]]
	c.mu.Unlock()
	last, due := true, 0
	if w != nil {
		var after linkKey
		err := c.memory.update(func(r records) (err error) {
			after, due, last, err = makeDue(r, w.rec.ID, walk, ms(time.Now()))
			return err
		})
		if err != nil {
			return fmt.Errorf("make links of %s due: %w", walk.names[0], err)
		}
		walk.after = after
	}
	walk.due += due
	if last {
		walk.names, walk.after = walk.names[1:], linkKey{}
	}
	if due == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lineUp()
}

// sights are what inspections go by, each as a short token: another token,
// another look.
type sights struct {
	picture uint64
	text    uint64 // 0: texts need no second look
	both    uint64
}

func (o *Options) sights() sights {
	picture, text := o.Sight(), o.TextSight()
	s := sights{picture: sightOf(picture), both: sightOf(picture)}
	if text != "" {
		s.text, s.both = sightOf(text), sightOf(picture+" "+text)
	}
	return s
}

// of is the sight that judges a content, 0 for one that needs no second look.
func (s sights) of(c content, inline bool) uint64 {
	switch {
	case c == contentPicture:
		return s.picture
	case c == contentContainer, inline:
		return s.both
	case c == contentPage, c == contentText:
		return s.text
	}
	return 0
}

// sightOf shortens the token of a sight.
func sightOf(token string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(token))
	return h.Sum64()
}

// judgedBefore says that what stood at l was judged by another sight than s.
func (l *link) judgedBefore(s sights) bool {
	now := s.of(l.content, l.inline)
	return now != 0 && l.sight != now
}

// makeDue is the transaction of a piece. It returns how far it came, and
// whether that was the end of the site.
func makeDue(r records, site uint32, walk *resight, now int64) (after linkKey, due int, last bool, err error) {
	var stale []link
	read := 0
	after, last = walk.after, true
	err = r.links(site, walk.after, func(l link) bool {
		if read++; read > resightPiece {
			last = false
			return false
		}
		after = l.key
		if l.judgedBefore(walk.sights) && l.due > now && l.lane != laneHeld {
			stale = append(stale, l)
		}
		return true
	})
	if err != nil {
		return after, 0, last, err
	}
	for _, old := range stale {
		l := old
		l.due = now
		if err := r.putLink(&old, &l); err != nil {
			return after, 0, last, err
		}
	}
	return after, len(stale), last, nil
}
