package crawler

import "time"

// memory is where the room remembers. The rules see records in transactions
// and nothing of how they are kept, so that another store can take its place.
type memory interface {
	view(func(records) error) error
	// update returns after the records are safe. fn may run twice, and shares
	// its transaction with other callers.
	update(func(records) error) error
}

// records is one transaction over the room's memory.
type records interface {
	site(name string) (siteRecord, bool, error)
	putSite(*siteRecord) error // gives a new one its id

	host(name string) (hostRecord, bool, error)
	putHost(*hostRecord) error // gives a new one its id
	hosts(fn func(hostRecord) error) error

	link(site uint32, k linkKey) (link, bool, error)
	// putLink stores l in place of old (nil: it is new) and keeps its queue in step.
	putLink(old *link, l *link) error
	links(site uint32, after linkKey, fn func(link) bool) error

	// queues calls fn with every host at which a site has queued links.
	queues(site uint32, fn func(host uint32) error) error
	// queued calls fn with the entries of a queue, earliest first, from a due time on.
	queued(site, host uint32, in lane, from int64, fn func(due int64, k linkKey) bool) error

	tally(site uint32, slot uint32) (tally, error)
	putTally(site uint32, slot uint32, t *tally) error
	tallies(site uint32, from, to uint32, fn func(slot uint32, t tally) error) error

	// lines are those under a time and a link: none are no error.
	lines(site uint32, at int64, k linkKey) (linesOf, error)
	putLines(site uint32, s *linesOf) error
	dropLines(site uint32, at int64, k linkKey) error
	// allLines calls fn with the lines of each link behind a time and a link, oldest first.
	allLines(site uint32, at int64, after linkKey, fn func(linesOf) bool) error

	putSpan(site uint32, s span) error
	spans(site uint32, fn func(span) error) error

	note(name string) (int64, error)
	putNote(name string, v int64) error
}

// siteRecord is what is remembered of a site.
type siteRecord struct {
	ID      uint32        `json:"id"`
	Name    string        `json:"-"`
	Rev     uint64        `json:"rev"` // grows with every change
	Created int64         `json:"created"`
	Seeds   []string      `json:"seeds"` // canonical, as last configured
	Depth   int           `json:"depth"` // as last configured
	Links   int           `json:"links"`
	Lines   int           `json:"lines,omitempty"` // of what was not opened
	Causes  map[Cause]int `json:"causes"`          // links by their latest cause

	State     string  `json:"state"` // new watching blind
	Cause     Cause   `json:"cause,omitempty"`
	Since     int64   `json:"since"`
	Content   int64   `json:"content,omitempty"`    // last content
	Misses    int     `json:"misses,omitempty"`     // in a row
	MissSince int64   `json:"miss_since,omitempty"` // the first of them
	Round     round   `json:"round"`
	Untold    []Event `json:"untold,omitempty"` // changes that nobody was told about yet
}

// hostRecord is what is remembered of a host, so that a restart does not make
// us impolite.
type hostRecord struct {
	ID    uint32
	Name  string
	Rest  int64 // ms; politeness: no fetch before
	Retry int64 // ms; it asked us to wait, or does not answer: no fetch before
	Last  int64 // ms; end of the last fetch
	Fails int   // in a row
}

// span is a time in which nothing of a site could be seen. Site 0 stands for
// all of them.
type span struct {
	from, to int64  // ms; to 0: it lasts
	cause    string // a cause, or "paused"
}

// slotLength is the grain of the ledger.
const slotLength = 10 * time.Minute

func slotOf(ms int64) uint32 { return uint32(ms / slotLength.Milliseconds()) }
