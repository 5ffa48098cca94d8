package crawler

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/url"
	"strings"
	"time"

	"leakwatch/internal/kv"
)

// linkKey finds a link within its site. Its first four bytes come from the
// folder of the URL, the others from the whole of it: the links of one page
// lie near each other on disk, and a page of links dirties few pages of the
// store.
type linkKey [16]byte

func keyOf(canonical string) linkKey {
	path, _, _ := strings.Cut(canonical, "?")
	folder := sha256.Sum256([]byte(path[:strings.LastIndexByte(path, '/')+1]))
	whole := sha256.Sum256([]byte(canonical))
	var k linkKey
	copy(k[:4], folder[:])
	copy(k[4:], whole[:])
	return k
}

// lane is a queue within a queue. Seeds come first, since new things appear
// there; then pictures nobody has looked at; the rest by due time.
type lane byte

const (
	laneSeed   lane = iota
	laneUrgent      // pictures and styles never visited
	laneFresh       // pages never visited
	laneAgain       // pages visited before
	laneStill       // pictures and styles visited before
	laneHeld        // beyond the depth: never due; sorted by depth instead
)

// dueLanes are the lanes whose order is a due time.
func dueLanes() []lane { return []lane{laneSeed, laneUrgent, laneFresh, laneAgain, laneStill} }

// pages says that the links of a lane count as pages.
func (n lane) pages() bool { return n == laneSeed || n == laneFresh || n == laneAgain }

// visited says that the links of a lane may have been visited before.
func (n lane) visited() bool { return n == laneSeed || n == laneAgain || n == laneStill }

// content is what stood at a link when it was last looked at.
type content byte

const (
	contentNone content = iota
	contentPage
	contentPicture
	contentStyle
	contentOther
	contentContainer
	contentText // that is no page
)

// link is a URL worth fetching, and all that is remembered of it.
type link struct {
	site uint32
	key  linkKey
	host uint32
	url  string
	kind refKind
	lane lane

	depth   int
	hops    int // redirects that led here
	seed    bool
	foundOn linkKey // zero: configured
	target  linkKey // where it redirected to, zero: it did not

	due      int64 // ms; in laneHeld the depth
	last     int64 // ms of the last visit, 0: never
	interval time.Duration
	tries    int
	cause    Cause // of the last visit, or why there was none
	why      string

	content  content
	inline   bool     // the page carried data: pictures
	known    Cause    // what the reading or inspection of digest gave
	sight    uint64   // with which sight it was inspected
	digest   [32]byte // of the whole body, zero: unknown
	text     [32]byte // of the text of a page
	etag     string
	modified string
	next     int   // member of a container with which the next visit goes on, 0: it was done with
	lines    int64 // ms, under which its lines of what was not opened stand, 0: none
}

// laneFor is the lane that l belongs in.
func (l *link) laneFor(maxDepth int) lane {
	switch {
	case l.kind != kindPage && l.last == 0:
		return laneUrgent
	case l.kind != kindPage:
		return laneStill
	case l.depth > maxDepth:
		return laneHeld
	case l.seed && (l.last != 0 || l.hops == 0):
		return laneSeed
	case l.last != 0:
		return laneAgain
	}
	return laneFresh
}

// parsed is the URL of l. Only canonical URLs are stored.
func (l *link) parsed() (*url.URL, error) { return url.Parse(l.url) }

// Parts of a link that are stored only when they are there.
const (
	partSeed = 1 << iota
	partFoundOn
	partTarget
	partVisited
	partDigest
	partText
	partValidators
	partInline
)

// Parts of the second byte, which version 1 does not have.
const (
	moreNext = 1 << iota
	moreLines
)

const (
	linkVersion = 2 // version 1 is written where there are no parts of the second byte
	maxWhy      = 200
	maxTag      = 256 // bytes of an ETag or Last-Modified worth keeping
)

var errCorrupt = errors.New("corrupt record")

// encode packs l; site and key stand in the key of the record.
func (l *link) encode() []byte {
	parts := l.parts()
	b := make([]byte, 0, 64+len(l.url)+len(l.why))
	more := l.more()
	if b = append(b, 1, parts); more != 0 {
		b[0] = linkVersion
		b = append(b, more)
	}
	b = append(b, kindByte(l.kind), byte(l.lane))
	b = binary.AppendUvarint(b, uint64(l.host))
	b = binary.AppendUvarint(b, uint64(l.depth))
	b = binary.AppendUvarint(b, uint64(l.hops))
	b = binary.AppendUvarint(b, uint64(l.due))
	b = kv.AppendText(b, string(l.cause))
	b = kv.AppendText(b, l.url)
	if parts&partFoundOn != 0 {
		b = append(b, l.foundOn[:]...)
	}
	if parts&partTarget != 0 {
		b = append(b, l.target[:]...)
	}
	if parts&partVisited != 0 {
		b = binary.AppendUvarint(b, uint64(l.last))
		b = binary.AppendUvarint(b, uint64(l.interval.Milliseconds()))
		b = binary.AppendUvarint(b, uint64(l.tries))
		b = append(b, byte(l.content))
		b = binary.BigEndian.AppendUint64(b, l.sight)
		b = kv.AppendText(b, string(l.known))
		b = kv.AppendText(b, clip(l.why, maxWhy))
	}
	if parts&partDigest != 0 {
		b = append(b, l.digest[:]...)
	}
	if parts&partText != 0 {
		b = append(b, l.text[:]...)
	}
	if parts&partValidators != 0 {
		b = kv.AppendText(b, l.etag)
		b = kv.AppendText(b, l.modified)
	}
	if more&moreNext != 0 {
		b = binary.AppendUvarint(b, uint64(l.next))
	}
	if more&moreLines != 0 {
		b = binary.AppendUvarint(b, uint64(l.lines))
	}
	return b
}

func (l *link) more() byte {
	more := byte(0)
	if l.next != 0 {
		more |= moreNext
	}
	if l.lines != 0 {
		more |= moreLines
	}
	return more
}

func (l *link) parts() byte {
	parts := byte(0)
	mark := func(bit byte, there bool) {
		if there {
			parts |= bit
		}
	}
	mark(partSeed, l.seed)
	mark(partFoundOn, l.foundOn != linkKey{})
	mark(partTarget, l.target != linkKey{})
	mark(partVisited, l.last != 0)
	mark(partDigest, l.digest != [32]byte{})
	mark(partText, l.text != [32]byte{})
	mark(partValidators, l.etag != "" || l.modified != "")
	mark(partInline, l.inline)
	return parts
}

// decodeLink unpacks what encode packed. b is not kept.
func decodeLink(site uint32, key linkKey, b []byte) (link, error) {
	r := kv.Reader{Rest: b}
	version, parts, more := r.Byte(), r.Byte(), byte(0)
	switch version {
	case 1:
	case linkVersion:
		more = r.Byte()
	default:
		r.Bad = true
	}
	l := link{site: site, key: key, seed: parts&partSeed != 0, inline: parts&partInline != 0}
	l.kind, l.lane = kindOf(r.Byte()), lane(r.Byte())
	l.host, l.depth, l.hops = uint32(r.Uvarint()), int(r.Uvarint()), int(r.Uvarint())
	l.due = int64(r.Uvarint())
	l.cause, l.url = Cause(r.Text()), r.Text()
	if parts&partFoundOn != 0 {
		copy(l.foundOn[:], r.Take(16))
	}
	if parts&partTarget != 0 {
		copy(l.target[:], r.Take(16))
	}
	if parts&partVisited != 0 {
		l.last, l.interval = int64(r.Uvarint()), time.Duration(r.Uvarint())*time.Millisecond
		l.tries, l.content = int(r.Uvarint()), content(r.Byte())
		if sight := r.Take(8); sight != nil {
			l.sight = binary.BigEndian.Uint64(sight)
		}
		l.known, l.why = Cause(r.Text()), r.Text()
	}
	if parts&partDigest != 0 {
		copy(l.digest[:], r.Take(32))
	}
	if parts&partText != 0 {
		copy(l.text[:], r.Take(32))
	}
	if parts&partValidators != 0 {
		l.etag, l.modified = r.Text(), r.Text()
	}
	if more&moreNext != 0 {
		l.next = int(r.Uvarint())
	}
	if more&moreLines != 0 {
		l.lines = int64(r.Uvarint())
	}
	if r.Bad || more > moreNext|moreLines || l.next < 0 || len(r.Rest) > 0 || l.kind == "" || l.lane > laneHeld || l.content > contentText || (parts&partVisited != 0) != (l.last != 0) {
		return link{}, errCorrupt
	}
	return l, nil
}

func kindByte(k refKind) byte {
	switch k {
	case kindPicture:
		return 1
	case kindStyle:
		return 2
	case kindContainer:
		return 3
	}
	return 0
}

func kindOf(b byte) refKind {
	switch b {
	case 0:
		return kindPage
	case 1:
		return kindPicture
	case 2:
		return kindStyle
	case 3:
		return kindContainer
	}
	return ""
}
