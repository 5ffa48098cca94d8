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
	refs    []ref // unique by URL, in page order
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
	self    string         // the page's own URL
	index   map[string]int // canonical URL -> place in doc.refs
	pages   []int          // places of kindPage
	inlined map[[32]byte]bool
	key     []byte
	doc     document
}

func newGather(at *url.URL, l readLimits) *gather {
	return &gather{
		limits: l, base: at, self: at.String(),
		index: make(map[string]int, 64), inlined: map[[32]byte]bool{},
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
	g.key = a.appendKey(g.key[:0])
	if len(g.key) > g.limits.url {
		g.doc.refused[LimitURL]++
		return
	}
	if at, known := g.index[string(g.key)]; known {
		if old := &g.doc.refs[at]; rank(kind) > rank(old.kind) {
			old.kind = kind // and pages is looked through when it matters
		}
		return
	}
	if string(g.key) == g.self {
		return
	}
	if len(g.index) >= g.limits.links && !g.makeRoom(kind) {
		g.doc.refused[LimitLinks]++
		return
	}
	if kind == kindPage {
		g.pages = append(g.pages, len(g.doc.refs))
	}
	g.index[string(g.key)] = len(g.doc.refs)
	g.doc.refs = append(g.doc.refs, ref{a.url(), kind})
}

// rank orders the kinds: what is a picture in one place of a page is one.
func rank(k refKind) int {
	switch k {
	case kindPicture:
		return 2
	case kindStyle:
		return 1
	}
	return 0
}

// makeRoom drops the last link to a page in favour of a picture or style.
func (g *gather) makeRoom(kind refKind) bool {
	g.flag(LimitLinks, "more links than the limit of one page")
	if kind == kindPage {
		return false
	}
	for len(g.pages) > 0 {
		last := g.pages[len(g.pages)-1]
		g.pages = g.pages[:len(g.pages)-1]
		if old := &g.doc.refs[last]; old.kind == kindPage {
			delete(g.index, old.url.String())
			old.url = nil
			g.doc.refused[LimitLinks]++
			return true
		}
	}
	return false
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
