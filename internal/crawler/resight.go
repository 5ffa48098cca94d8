package crawler

import (
	"fmt"
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
	token uint64   // the sight that it makes links due for
	names []string // sites that are still to be walked
	after linkKey  // of the first of them
	due   int      // links made due
}

// resightSome does a piece of the walk that is needed, and says whether more
// is to be done.
func (c *Crawler) resightSome() (more bool, err error) {
	token := sightOf(c.limits().Sight())
	if token == c.judged {
		return false, nil
	}
	if c.walk == nil || c.walk.token != token {
		if c.walk, err = c.beginResight(token); err != nil {
			return false, err
		}
	}
	if len(c.walk.names) > 0 {
		return true, c.resightPiece(c.walk)
	}
	err = c.memory.update(func(r records) error { return r.putNote(noteSight, int64(token)) })
	if err != nil {
		return false, fmt.Errorf("note the sight: %w", err)
	}
	if c.walk.due > 0 {
		c.limits().Log.Info("hash sets or rules have changed: pictures are looked at again", "links", c.walk.due)
	}
	c.judged, c.walk = token, nil
	return false, nil
}

// beginResight plans the walk: none, where all links were judged by this sight
// or nothing was ever judged.
func (c *Crawler) beginResight(token uint64) (*resight, error) {
	var noted int64
	err := c.memory.view(func(r records) (err error) {
		noted, err = r.note(noteSight)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the sight: %w", err)
	}
	walk := &resight{token: token}
	if noted != 0 && uint64(noted) != token {
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

// judgedBefore says that pictures of l were judged by another sight.
func (l *link) judgedBefore(token uint64) bool {
	return (l.content == contentPicture || l.inline) && l.sight != token
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
		if l.judgedBefore(walk.token) && l.due > now && l.lane != laneHeld {
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
