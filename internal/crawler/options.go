package crawler

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/tor"
)

// SiteConfig is one configured place to watch, as the config spells it.
type SiteConfig struct {
	Name       string
	Kind       string   // web
	Origin     string   // config, approved
	Seeds      []string // where it starts, depth 0
	Clearnet   bool     // clear names are allowed, and then too only through Tor
	Scope      string   // host, path
	Include    []*regexp.Regexp
	Exclude    []*regexp.Regexp
	EmbedHosts []string // may serve its pictures
	Within     string   // CSS: only links inside of what it matches are followed; "" is the whole page
	Archives   string   // how far containers are opened: list, sample, all; "" is sample
	Tags       []string

	Interval    time.Duration // floor of the revisit; seeds are revisited exactly so
	MaxInterval time.Duration // ceiling of the revisit and of retries
	Delay       time.Duration // the pause is max(Delay, 3 x last fetch); 0 turns all pacing off
	Parallel    int           // links of one host under way at once
	Depth       int           // seeds are 0; pictures and styles of an allowed page do not count

	MaxPages int           // page visits per round; 0 means no limit
	MaxBytes int64         // bytes on the wire per round; 0 means no limit
	MaxTime  time.Duration // time per round; 0 means no limit
}

// Options are what the whole room works with: the [crawl] limits and the ways
// to its neighbours. Zero limits mean the defaults of DefaultOptions.
type Options struct {
	Workers      int           // visits under way at once; a change needs a restart
	FetchTimeout time.Duration // one fetch, from dial to last byte
	IdleTimeout  time.Duration // no byte for so long ends a fetch
	MinRate      int64         // bytes a second, after the first 30 s
	MaxRedirects int
	MaxURL       int   // bytes of one URL
	MaxPage      int64 // decoded bytes of one page
	MaxPicture   int64 // bytes of one picture
	MaxContainer int64 // bytes of a container that is fetched whole; a larger one is read by ranges, or as it comes
	MaxLinks     int   // links of one page
	MaxListing   int64 // decoded bytes of one listing, or of a text that is no page
	MaxEntries   int   // links of one listing
	MaxRatio     int   // decoded to sent
	MaxInline    int   // bytes of all data: pictures of one page
	DropParams   []string
	Drain        time.Duration // how long visits under way may go on after a stop

	Transport func(tor.Site) http.RoundTripper      // the way out, one per site
	TorUp     func(context.Context) error           // does the SOCKS address answer?
	Check     func(*url.URL, tor.Site) error        // tor.Check: may this URL be asked for at all?
	Sniff     func([]byte) string                   // picture.Sniff: the format by its bytes, "" for no picture
	Inspector Inspector                             // looks at the pictures
	Sight     func() string                         // changes when an inspection of a picture may come out differently
	Holds     func(head []byte, name string) string // container.Sniff: the format of a container by its first 512 bytes and its name, "" for none
	TextSight func() string                         // the same of a text; "" when texts need no second look
	Teller    Teller                                // tells people
	Log       *slog.Logger
}

// DefaultOptions are the limits of an unwritten config.
func DefaultOptions() Options {
	return Options{
		Workers: 64, FetchTimeout: 120 * time.Second, IdleTimeout: 60 * time.Second, MinRate: 512,
		MaxRedirects: 5, MaxURL: 2048, MaxPage: 8 << 20, MaxPicture: 32 << 20, MaxContainer: 8 << 20,
		MaxLinks: 10_000, MaxListing: 64 << 20, MaxEntries: 200_000, MaxRatio: 200,
		MaxInline: 8 << 20, Drain: 20 * time.Second,
	}
}

// Found is one picture, container or text that a visit came upon.
type Found struct {
	Site, URL  string
	Page       string   // where the link stood, "" for a seed
	Body       []byte   // nil when Unchanged; of KindText in UTF-8; of KindContainer nil
	SHA256     [32]byte // of the whole body as it came; of a container that was not fetched whole, of its size, version and first bytes
	MediaType  string   // as the site claims
	At         time.Time
	Unchanged  bool  // the same bytes as at the last inspection, with the same sight
	KnownCause Cause // what that inspection gave, when Unchanged

	Kind      FoundKind
	Container *container.Source // of KindContainer; its bytes last as long as the call
	From      int               // of KindContainer: the Next of the look before; 0: the beginning
	Archives  string            // of KindContainer: list, sample, all
	Inline    [][32]byte        // of KindText: SHA-256 of the pictures in it that were shown on their own
	Slices    bool              // of KindContainer: a look may end with Next, and the next one costs only what is left
}

// FoundKind says what was found.
type FoundKind int

// The kinds of what a visit comes upon.
const (
	KindPicture   FoundKind = iota
	KindContainer           // an archive or document: Container
	KindText                // a page, paste, CSV, listing, mail: Body
)

// Inspection is what a look at a picture gave.
type Inspection struct {
	Cause   Cause // ok, or why it could not be judged, or not wholly
	Why     string
	Verdict string // "" when nothing matched
	Known   bool   // its digest was known: nothing was decoded

	Next       int // of a container: From of the next visit, which goes on there; 0: it is done with
	Pictures   Pictures
	Containers Containers // of a container and of those inside; the outermost in its last slice only
	Members    int        // looked at, or stated
	Unopened   []Unopened // what was not looked at, or not wholly
}

// Containers counts containers, each in one of its ways.
type Containers struct {
	Opened    int `json:"opened"`     // worked through
	Listed    int `json:"listed"`     // names and sizes only
	Sampled   int `json:"sampled"`    // some members
	NotOpened int `json:"not_opened"` // encrypted, unsupported, damaged, beyond a limit
}

// Unopened is a picture, a container or a member of one that was not looked at,
// or not wholly.
type Unopened struct {
	Container string // format of the outermost one; "" for a picture on its own
	Member    string // nested names joined by "!"; "" for the container itself
	Size      int64  // bytes, -1 when not known
	Cause     Cause
	Why       string
}

// Inspector looks at what was found. It is the room's only call upwards. An error
// means that our own memory failed: the visit is not done, and Run ends.
type Inspector interface {
	Inspect(context.Context, Found) (Inspection, error)
}

// The kinds of Event.
const (
	TellSiteBlind     = "site_blind"
	TellSiteSeenAgain = "site_seen_again"
	TellTorDown       = "tor_down"
	TellTorBack       = "tor_back"
)

// Event is a change that people are told about, once.
type Event struct {
	Kind  string
	Site  string // "" when it concerns all
	Cause Cause
	Text  string
	At    time.Time // when it was noticed
	Since time.Time // since when it has been so
}

// Teller takes events. It returns once they are kept safe; an event may come
// twice after a crash. An error means that our own memory failed.
type Teller interface {
	Tell(context.Context, Event) error
}

// Outcome is how one visit ended.
type Outcome struct {
	Cause  Cause
	Why    string
	Status int
	Bytes  int64 // on the wire
	Took   time.Duration
}

// Summary is what Once did.
type Summary struct {
	Visits   int
	Pictures int
	TorDown  bool
}
