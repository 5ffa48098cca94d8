package seen

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// Query is what somebody asks for: what is given of it. A file is asked for by
// all that is known of it, an address by URL alone.
type Query struct {
	SHA256 *[32]byte
	SHA1   []byte        // 20 bytes, or nil
	CRC32  *uint32       // with Size
	Size   int64         // bytes
	Name   string        // of a file: with Size, folders apart
	Turns  *[8]phash.PDQ // of a picture: its copies are found too
	URL    string        // of a picture, a page with pictures, a container or a listing
}

// Sighting is one place where it was seen, or stated.
type Sighting struct {
	Kind      string    `json:"kind"` // picture or manifest
	By        string    `json:"by"`   // sha256, pdq or url; of a manifest also sha1, crc32 (and size), name (and size)
	Distance  *int      `json:"distance"`
	SHA256    *string   `json:"sha256"`
	Site      string    `json:"site"`
	URL       string    `json:"url"`
	Page      *string   `json:"page"`
	Container *string   `json:"container"`
	Member    *string   `json:"member"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Width     *int      `json:"width"`
	Height    *int      `json:"height"`
	Cause     *string   `json:"cause"` // null: it was judged
	Size      *int64    `json:"size"`
}

// The kinds of a Sighting.
const (
	KindPicture  = "picture"
	KindManifest = "manifest"
)

const (
	// nearCopy is how near, in bits of PDQ and in any orientation, a copy is.
	nearCopy = 31
	// copyQuality is the quality of a hash below which it says nothing.
	copyQuality = 50
	// mostFound bounds an answer.
	mostFound = 10_000
	// onePiece is how many records are read in one transaction.
	onePiece = 20_000
)

// Find answers whether something was ever seen, where and when: pictures first,
// in the order in which they were first seen, at most 10,000 places. It reads all
// that is kept, unless a digest alone is asked for.
func (s *Seen) Find(ctx context.Context, q Query) (found []Sighting, err error) {
	f := &finder{s: s, q: &q}
	steps := []func() (more bool, err error){f.digest, f.pictures, f.further, f.listed}
	for _, step := range steps {
		for more := true; more && err == nil && len(f.found) < mostFound; {
			if err = ctx.Err(); err == nil {
				more, err = step()
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find what was seen: %w", err)
	}
	return f.found[:min(len(f.found), mostFound)], nil
}

// finder is one question on its way. Each step is a transaction or several: an
// answer may take a while, and nobody should wait for it.
type finder struct {
	s     *Seen
	q     *Query
	found []Sighting

	texts  map[uint32]bool // numbers of the text that is the URL
	at     []byte          // the last key of the bucket that was read
	number int             // of the manifest to be read
}

// digest looks for equal bytes.
func (f *finder) digest() (more bool, err error) {
	if f.q.SHA256 == nil {
		return false, nil
	}
	err = f.s.db.View(func(tx *kv.Tx) error {
		if err := f.s.catchUp(tx); err != nil {
			return err
		}
		row, r, known, err := f.s.find(tx, *f.q.SHA256)
		if err != nil || !known {
			return err
		}
		return f.add(tx, row, &r, "sha256", nil)
	})
	return false, err
}

// pictures reads all records, for copies and for addresses.
func (f *finder) pictures() (more bool, err error) {
	if f.q.Turns == nil && f.q.URL == "" {
		return false, nil
	}
	err = f.s.db.View(func(tx *kv.Tx) error {
		if f.texts == nil && f.q.URL != "" {
			f.texts = f.s.numbersOf(tx, f.q.URL)
		}
		c, n := bucket(tx, "pictures").Cursor(), 0
		for k, v := c.Seek(f.at); k != nil; k, v = c.Next() {
			if n++; n > onePiece {
				f.at, more = bytes.Clone(k), true
				return nil
			}
			if err := f.picture(tx, k, v); err != nil {
				return err
			}
		}
		f.at = nil
		return nil
	})
	return more, err
}

func (f *finder) picture(tx *kv.Tx, k, v []byte) error {
	sha, upright, quality, in := skim(v)
	distance := 257
	if f.q.Turns != nil && quality >= copyQuality {
		for o := range f.q.Turns {
			distance = min(distance, f.q.Turns[o].Distance(upright))
		}
	}
	near := distance <= nearCopy && (f.q.SHA256 == nil || sha != *f.q.SHA256)
	here := false
	if f.q.URL != "" {
		p := in.place()
		here = f.here(&p)
	}
	if !near && !here || len(f.found) >= mostFound {
		return nil
	}
	r, err := decodeRecord(v)
	if err != nil {
		return err
	}
	if near {
		return f.add(tx, binary.BigEndian.Uint32(k), &r, "pdq", &distance)
	}
	first, err := f.s.told(tx, &r.place)
	if err == nil {
		err = f.addStay(tx, &r, Stay{first, when(r.first), when(r.last)}, "url", nil)
	}
	return err
}

// here reports whether a place is, or is on or in, what the URL names.
func (f *finder) here(p *place) bool {
	if f.texts[p.page] || f.texts[p.base] && p.path == "" {
		return true
	}
	n := len(f.q.URL) - len(p.path)
	if p.path == "" || n < 0 || f.q.URL[n:] != p.path {
		return false
	}
	base, _ := (&Place{URL: f.q.URL}).split()
	return len(base) == n // one path at two origins is told apart by told
}

// add gives out all places of a picture.
func (f *finder) add(tx *kv.Tx, row uint32, r *record, by string, distance *int) error {
	stays, err := f.s.allStays(tx, row, r)
	for i := range stays {
		if err == nil {
			err = f.addStay(tx, r, stays[i], by, distance)
		}
	}
	return err
}

func (f *finder) addStay(tx *kv.Tx, r *record, at Stay, by string, distance *int) error {
	if by == "url" && f.q.URL != at.URL && f.q.URL != at.Page {
		return nil
	}
	look, err := f.s.text(tx, r.look)
	cause, _, err2 := lookOf(look)
	sha := hex.EncodeToString(r.sha[:])
	out := sightingOf(KindPicture, by, at)
	out.Distance, out.SHA256 = distance, &sha
	if cause != "ok" {
		out.Cause = some(cause)
	}
	if r.width > 0 {
		out.Width, out.Height = &r.width, &r.height
	}
	f.found = append(f.found, out)
	return errors.Join(err, err2)
}

func sightingOf(kind, by string, at Stay) Sighting {
	return Sighting{Kind: kind, By: by, Site: at.Site, URL: at.URL, Page: some(at.Page), Container: some(at.Container), Member: some(at.Member),
		FirstSeen: at.First, LastSeen: at.Last}
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// further reads the further places of all pictures, for addresses.
func (f *finder) further() (more bool, err error) {
	if f.q.URL == "" {
		return false, nil
	}
	err = f.s.db.View(func(tx *kv.Tx) error {
		c, n := bucket(tx, "places").Cursor(), 0
		for k, v := c.Seek(f.at); k != nil; k, v = c.Next() {
			if n++; n > onePiece {
				f.at, more = bytes.Clone(k), true
				return nil
			}
			in := reading(v)
			in.Take(8)
			if p := in.place(); in.Bad || !f.here(&p) {
				continue
			}
			at, err := f.s.stay(tx, v)
			if err != nil {
				return err
			}
			r, err := load(tx, binary.BigEndian.Uint32(k))
			if err == nil {
				err = f.addStay(tx, &r, at, "url", nil)
			}
			if err != nil {
				return err
			}
		}
		f.at = nil
		return nil
	})
	return more, err
}

// listed asks the next manifest.
func (f *finder) listed() (more bool, err error) {
	keys := f.keys()
	if len(keys) == 0 && f.q.URL == "" {
		return false, nil
	}
	err = f.s.db.View(func(tx *kv.Tx) error {
		if uint64(f.number) >= bucket(tx, "manifests").Sequence() {
			return nil
		}
		more = true
		number := uint32(f.number)
		f.number++
		m, err := loadManifest(tx, number)
		if err != nil {
			return err
		}
		at := Stay{First: when(m.first), Last: when(m.last)}
		if at.Place, err = f.s.told(tx, &m.place); err != nil {
			return err
		}
		if f.q.URL != "" && (at.URL == f.q.URL || at.Page == f.q.URL) {
			f.found = append(f.found, sightingOf(KindManifest, "url", at))
		}
		return f.lines(tx, number, at, keys)
	})
	return more, err
}

// lines looks into the blocks of a manifest that may hold what is asked for.
func (f *finder) lines(tx *kv.Tx, number uint32, at Stay, keys map[uint32]bool) error {
	if len(keys) == 0 {
		return nil
	}
	prefix := key32(number)
	c := bucket(tx, "linekeys").Cursor()
	for k, v := c.Seek(prefix); len(k) == 8 && bytes.Equal(k[:4], prefix); k, v = c.Next() {
		if !among(v, keys) {
			continue
		}
		lines, err := unpack(bucket(tx, "lines").Get(k))
		if err != nil {
			return err
		}
		for i := range lines {
			if by := f.by(&lines[i]); by != "" && len(f.found) < mostFound {
				f.found = append(f.found, statedIn(at, by, &lines[i]))
			}
		}
	}
	return nil
}

func among(packed []byte, keys map[uint32]bool) bool {
	for ; len(packed) >= 4; packed = packed[4:] {
		if keys[binary.BigEndian.Uint32(packed)] {
			return true
		}
	}
	return false
}

func statedIn(at Stay, by string, l *container.Line) Sighting {
	out := sightingOf(KindManifest, by, at)
	member := l.Name
	if at.Member != "" {
		member = at.Member + "!" + l.Name
	}
	out.Member = &member
	if l.Size >= 0 {
		out.Size = &l.Size
	}
	if len(l.SHA256) == 32 {
		sum := hex.EncodeToString(l.SHA256)
		out.SHA256 = &sum
	}
	return out
}

// keys are those that a line which states the file has one of.
func (f *finder) keys() map[uint32]bool {
	q, keys := f.q, map[uint32]bool{}
	if q.SHA256 != nil {
		keys[keyOf(bySHA256, q.SHA256[:])] = true
	}
	if len(q.SHA1) == 20 {
		keys[keyOf(bySHA1, q.SHA1)] = true
	}
	if q.CRC32 != nil && q.Size > 0 {
		keys[crcKey(*q.CRC32, q.Size)] = true
	}
	if q.Name != "" && q.Size > 0 {
		keys[nameKey(q.Name, q.Size)] = true
	}
	return keys
}

// by is the strongest way in which a line states the file; "": it does not.
func (f *finder) by(l *container.Line) string {
	q := f.q
	switch {
	case q.SHA256 != nil && bytes.Equal(l.SHA256, q.SHA256[:]):
		return "sha256"
	case len(q.SHA1) == 20 && bytes.Equal(l.SHA1, q.SHA1):
		return "sha1"
	case q.Size <= 0 || l.Size != q.Size:
		return ""
	case q.CRC32 != nil && l.CRC32 != nil && *q.CRC32 == *l.CRC32:
		return "crc32"
	case q.Name != "" && baseName(q.Name) == baseName(l.Name):
		return "name"
	}
	return ""
}

// numbersOf are all numbers of a text; it may have been stored more than once.
func (s *Seen) numbersOf(tx *kv.Tx, text string) map[uint32]bool {
	out := map[uint32]bool{}
	c := bucket(tx, "strings").Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if string(v) == text {
			out[binary.BigEndian.Uint32(k)] = true
		}
	}
	return out
}
