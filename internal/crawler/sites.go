package crawler

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// ErrNoSite means that no site of that name is configured.
var ErrNoSite = errors.New("no such site")

// linksAtOnce is how many links one snapshot of Links reads.
const linksAtOnce = 1000

// Site is one line of the list of sites.
type Site struct {
	Name        string     `json:"name"`
	Kind        string     `json:"kind"`
	Origin      string     `json:"origin"`
	State       string     `json:"state"` // new watching blind paused
	Cause       *Cause     `json:"cause"`
	Since       *time.Time `json:"since"`
	LastContent *time.Time `json:"last_content"`
	NextDue     *time.Time `json:"next_due"`
	Links       int        `json:"links"`
	Due         int        `json:"due"`
	Alerts      int        `json:"alerts"` // filled by the caller
}

// Detail is all that is known of one site.
type Detail struct {
	Site
	Seeds     []string      `json:"seeds"`
	Mirrors   []string      `json:"mirrors"`
	Scope     string        `json:"scope"`
	Robots    string        `json:"robots"`
	Login     *string       `json:"login"`
	Misses    int           `json:"misses"`
	Round     RoundDetail   `json:"round"`
	Causes    map[Cause]int `json:"causes"` // links by their latest cause
	OldestDue *time.Time    `json:"oldest_due"`
	Tags      []string      `json:"tags"` // the operator's own words
}

// RoundDetail is the current round of a site, or its last one.
type RoundDetail struct {
	Started *time.Time `json:"started"`
	Ended   *time.Time `json:"ended"`
	Pages   int        `json:"pages"`
	Bytes   int64      `json:"bytes"`
	End     *string    `json:"end"` // done, stopped, a tor_ or a budget_ cause
}

// Link is one line of the list of a site's links.
type Link struct {
	URL     string     `json:"url"`
	Depth   int        `json:"depth"`
	State   string     `json:"state"` // due, waiting, visiting, or held: beyond the depth, never fetched
	Cause   *Cause     `json:"cause"`
	Why     *string    `json:"why"`
	Last    *time.Time `json:"last"`
	NextDue *time.Time `json:"next_due"`
	Tries   int        `json:"tries"`
	FoundOn *string    `json:"found_on"`
}

// Sites lists the configured sites by name.
func (c *Crawler) Sites(ctx context.Context) ([]Site, error) {
	sites := []Site{}
	for _, w := range c.watched() {
		d, err := c.detail(w)
		if err != nil {
			return nil, err
		}
		if sites = append(sites, d.Site); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return sites, nil
}

// Site shows one configured site.
func (c *Crawler) Site(_ context.Context, name string) (Detail, error) {
	w, err := c.watch(name)
	if err != nil {
		return Detail{}, err
	}
	return c.detail(w)
}

// watched returns the sites by name, each as it is now.
func (c *Crawler) watched() []watch {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []watch
	for _, w := range c.sites {
		all = append(all, watch{place: w.place, paused: w.paused, rec: siteRecord{Round: w.rec.Round}})
	}
	slices.SortFunc(all, func(a, b watch) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (c *Crawler) watch(name string) (watch, error) {
	all := c.watched()
	i := slices.IndexFunc(all, func(w watch) bool { return w.Name == name })
	if i < 0 {
		return watch{}, fmt.Errorf("%s: %w", name, ErrNoSite)
	}
	return all[i], nil
}

func (c *Crawler) detail(w watch) (Detail, error) {
	now := ms(time.Now())
	d := Detail{Site: Site{Name: w.Name, Kind: w.Kind, Origin: w.Origin}, Mirrors: []string{}, Scope: w.Scope, Robots: "ignore",
		Tags: append([]string{}, w.Tags...)}
	err := c.memory.view(func(r records) error {
		rec, known, err := r.site(w.Name)
		if err != nil || !known {
			return err
		}
		rec.Round.merge(&w.rec.Round)
		d.State, d.Cause, d.Since = rec.State, optional(rec.Cause), moment(rec.Since)
		d.LastContent, d.Links, d.Misses, d.Causes, d.Seeds = moment(rec.Content), rec.Links, rec.Misses, rec.Causes, rec.Seeds
		d.Round = RoundDetail{moment(rec.Round.Started), moment(rec.Round.Ended), rec.Round.Pages, rec.Round.Bytes, optional(rec.Round.End)}
		if d.Due, err = dueNow(r, rec.ID, now); err != nil {
			return err
		}
		first, err := firstDue(r, rec.ID)
		if first != never {
			d.NextDue = moment(first)
			if first <= now {
				d.OldestDue = d.NextDue
			}
		}
		return err
	})
	if err != nil {
		return Detail{}, fmt.Errorf("site %s: %w", w.Name, err)
	}
	if w.paused != 0 {
		d.State, d.Cause, d.Since = statePaused, nil, moment(w.paused)
	}
	return d, nil
}

// firstDue is when the first link of a site is or was due.
func firstDue(r records, site uint32) (int64, error) {
	first := int64(never)
	err := r.queues(site, func(host uint32) error {
		for _, in := range dueLanes() {
			err := r.queued(site, host, in, 0, func(due int64, _ linkKey) bool {
				first = min(first, due)
				return false
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return first, err
}

// Links lists the links of a site. It reads on in pieces: no snapshot is held
// while the caller works.
func (c *Crawler) Links(ctx context.Context, name string) iter.Seq2[Link, error] {
	return func(yield func(Link, error) bool) {
		if _, err := c.watch(name); err != nil {
			yield(Link{}, err)
			return
		}
		for after, more := (linkKey{}), true; more; {
			piece, err := c.piece(name, after)
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(Link{}, fmt.Errorf("links of %s: %w", name, err))
				return
			}
			for _, l := range piece {
				after = l.key
				if !yield(c.show(&l), nil) {
					return
				}
			}
			more = len(piece) == linksAtOnce
		}
	}
}

// shown is a link with what its line says beside it.
type shown struct {
	link
	from  string // URL of the page that showed it
	limit int    // depth of its site
}

// piece reads some links.
func (c *Crawler) piece(name string, after linkKey) ([]shown, error) {
	var piece []shown
	err := c.memory.view(func(r records) error {
		rec, _, err := r.site(name)
		if err != nil {
			return err
		}
		err = r.links(rec.ID, after, func(l link) bool {
			piece = append(piece, shown{link: l, limit: rec.Depth})
			return len(piece) < linksAtOnce
		})
		if err != nil {
			return err
		}
		for i := range piece {
			from, _, err := r.link(rec.ID, piece[i].foundOn)
			if err != nil {
				return err
			}
			piece[i].from = from.url
		}
		return nil
	})
	return piece, err
}

func (c *Crawler) show(l *shown) Link {
	s := Link{URL: l.url, Depth: l.depth, State: "waiting", Cause: optional(l.cause), Why: optional(l.why),
		Last: moment(l.last), NextDue: moment(l.due), Tries: l.tries, FoundOn: optional(l.from)}
	c.mu.Lock()
	visiting := c.leased[linkID{l.site, l.key}]
	c.mu.Unlock()
	switch {
	case visiting:
		s.State = "visiting"
	case l.lane == laneHeld:
		s.State, s.NextDue = "held", nil
		s.Why = optional(fmt.Sprintf("depth %d > %d", l.depth, l.limit))
	case l.due <= ms(time.Now()):
		s.State = "due"
	}
	return s
}

// Pause stops visits of a site until Resume, over restarts too.
func (c *Crawler) Pause(_ context.Context, name string) error {
	c.setting.take()
	defer c.setting.give()
	w, err := c.watch(name)
	if err != nil || w.paused != 0 {
		return err
	}
	now := time.Now()
	if err := c.pauses.set(name, now); err != nil {
		return fmt.Errorf("pause %s: %w", name, err)
	}
	c.setPaused(name, ms(now))
	return c.change(name, func(r records, s *siteRecord) error {
		s.Round.merge(&w.rec.Round)
		s.Round.end(string(Stopped), ms(now))
		return r.putSpan(s.ID, span{from: ms(now), cause: causePaused})
	})
}

// Resume lets a paused site be visited again.
func (c *Crawler) Resume(_ context.Context, name string) error {
	c.setting.take()
	defer c.setting.give()
	w, err := c.watch(name)
	if err != nil || w.paused == 0 {
		return err
	}
	if err := c.pauses.clear(name); err != nil {
		return fmt.Errorf("resume %s: %w", name, err)
	}
	c.setPaused(name, 0)
	return c.change(name, func(r records, s *siteRecord) error {
		return r.putSpan(s.ID, span{from: w.paused, to: ms(time.Now()), cause: causePaused})
	})
}

func (c *Crawler) setPaused(name string, since int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.sites[name]; w != nil {
		w.paused = since
		c.settleSite(w, ms(time.Now()))
	}
}

// Visit makes the seeds of a site due now, as the start of a new round. A host
// that rested because it did not answer is tried again; one that asked us to
// wait is left in peace.
func (c *Crawler) Visit(_ context.Context, name string) error {
	w, err := c.watch(name)
	if err != nil {
		return err
	}
	now := ms(time.Now())
	err = c.change(name, func(r records, s *siteRecord) error {
		s.Round.Anew = true
		for _, u := range w.seeds {
			if err := dueSeed(r, s.ID, keyOf(u.String()), now); err != nil {
				return err
			}
			h, err := hostRecordOf(r, u)
			if err != nil {
				return err
			}
			if h.Fails >= hostPatience {
				h.Retry = 0
			}
			if err := r.putHost(&h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range w.seeds {
		if h := c.hosts[hostOf(u)]; h != nil && h.Fails >= hostPatience {
			h.Retry = 0
		}
	}
	if err := c.lineUp(); err != nil {
		return fmt.Errorf("visit %s: %w", name, err)
	}
	c.poke()
	return nil
}

func dueSeed(r records, site uint32, key linkKey, now int64) error {
	old, known, err := r.link(site, key)
	if err != nil || !known {
		return err
	}
	l := old
	l.due = min(l.due, now)
	return r.putLink(&old, &l)
}

// optional is nil for what is not known.
func optional[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}

func moment(at int64) *time.Time {
	if at == 0 {
		return nil
	}
	t := when(at)
	return &t
}
