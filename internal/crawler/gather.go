package crawler

import (
	"crypto/sha256"
	"net/url"
	"strings"

	"golang.org/x/text/encoding"
)

// ref is one link of a page.
type ref struct {
	url  *url.URL
	kind refKind
}

// inlinePicture is a picture that stands in the page itself, as a data: URI.
type inlinePicture struct {
	mediaType string // as declared
	body      []byte
}

// document is what one page or style sheet refers to.
type document struct {
	title   string
	refs    []ref // in page order; a URL once for each kind in which it stands there
	inline  []inlinePicture
	refused map[Cause]int // links not kept, by cause
	text    [32]byte      // digest of words and pictures, for "changed"
	cause   Cause         // ok, limit_links, limit_page, partial, stopped
	why     string
	charset string
	refresh *url.URL // where the page leads by itself; also among refs
}

// readLimits bounds what one page may give.
type readLimits struct {
	links       int      // refs of one page
	url         int      // bytes of one canonical URL
	inlineBytes int      // bytes of one inline picture
	drop        []string // parameters that are no part of a URL
	files       bool     // it lists files: what is called a picture is no page that shows one
	within      string   // CSS selector: follow only links inside; pictures are always taken
}

const (
	maxInline = 64       // inline pictures of one page
	maxRawURL = 64 << 10 // bytes of a URL before it is made canonical
)

// gather collects refs, each once, within limits. Where the limit is reached,
// a picture takes the place of the last link to a page: a flood of links does
// not hide it.
type gather struct {
	limits  readLimits
	base    *url.URL
	query   encoding.Encoding
	self    string          // the page's own URL
	known   map[string]bool // two letters of the kind, canonical URL
	pages   []int           // places of kindPage in doc.refs
	inlined map[[32]byte]bool
	key     []byte
	doc     document
}

func newGather(at *url.URL, l readLimits) *gather {
	return &gather{
		limits: l, base: at, self: at.String(),
		known: make(map[string]bool, 64), inlined: map[[32]byte]bool{},
		doc: document{refused: map[Cause]int{}, cause: OK, charset: "utf-8"},
	}
}

// add takes one link as it stands in the page.
func (g *gather) add(raw string, kind refKind) {
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	if raw == "" || raw[0] == '#' {
		return
	}
	if len(raw) > maxRawURL {
		g.doc.refused[LimitURL]++
		return
	}
	a, err := readAddress(raw, g.base, g.query, g.limits.drop)
	if err != nil {
		g.doc.refused[err.(*refusal).Cause]++
		return
	}
	g.key = a.appendKey(append(g.key[:0], kind[:2]...))
	address := g.key[2:]
	if len(address) > g.limits.url {
		g.doc.refused[LimitURL]++
		return
	}
	if g.known[string(g.key)] || string(address) == g.self {
		return
	}
	if len(g.known) >= g.limits.links && !g.makeRoom(kind) {
		g.doc.refused[LimitLinks]++
		return
	}
	if kind == kindPage {
		g.pages = append(g.pages, len(g.doc.refs))
	}
	g.known[string(g.key)] = true
	g.doc.refs = append(g.doc.refs, ref{a.url(), kind})
}

// makeRoom drops the last link to a page in favour of a picture or style.
func (g *gather) makeRoom(kind refKind) bool {
	g.flag(LimitLinks, "more links than the limit of one page")
	if kind == kindPage {
		return false
	}
	if len(g.pages) == 0 {
		return false
	}
	last := &g.doc.refs[g.pages[len(g.pages)-1]]
	g.pages = g.pages[:len(g.pages)-1]
	delete(g.known, string(kindPage[:2])+last.url.String())
	last.url = nil
	g.doc.refused[LimitLinks]++
	return true
}

// flag marks the document as not wholly read. The first mark stays, but being
// stopped is always said.
func (g *gather) flag(cause Cause, why string) {
	if g.doc.cause == OK || cause == Stopped {
		g.doc.cause, g.doc.why = cause, why
	}
}

// addInline keeps one picture that came inside the page.
func (g *gather) addInline(mediaType string, body []byte) {
	if len(body) > g.limits.inlineBytes {
		g.doc.refused[LimitBytes]++
		g.flag(LimitBytes, "an inline picture is larger than a picture may be")
		return
	}
	digest := sha256.Sum256(body)
	if g.inlined[digest] {
		return
	}
	if len(g.doc.inline) == maxInline {
		g.doc.refused[LimitLinks]++
		g.flag(LimitLinks, "more than 64 inline pictures")
		return
	}
	g.inlined[digest] = true
	g.doc.inline = append(g.doc.inline, inlinePicture{mediaType, body})
}

// document closes the collection.
func (g *gather) document() document {
	kept := g.doc.refs[:0]
	for _, r := range g.doc.refs {
		if r.url != nil {
			kept = append(kept, r)
		}
	}
	g.doc.refs = kept
	return g.doc
}
