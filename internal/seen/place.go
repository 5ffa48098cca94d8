package seen

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"leakwatch/internal/kv"
)

const (
	// maxFurther is how many places of one picture are kept beside the first.
	maxFurther = 100
	// maxText is how many bytes of an address or a name are kept.
	maxText = 4096
)

// place is a Place as stored: what many records share is a number of a text.
type place struct {
	site, base uint32 // of the URL: its origin or, of a container, all
	path       string // the rest of the URL
	page       uint32
	container  uint32
	member     string
}

func (p *place) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(p.site))
	b = binary.AppendUvarint(b, uint64(p.base))
	b = kv.AppendText(b, p.path)
	b = binary.AppendUvarint(b, uint64(p.page))
	b = binary.AppendUvarint(b, uint64(p.container))
	return kv.AppendText(b, p.member)
}

func (r *reader) place() (p place) {
	p.site, p.base = uint32(r.Uvarint()), uint32(r.Uvarint())
	p.path = r.Text()
	p.page, p.container = uint32(r.Uvarint()), uint32(r.Uvarint())
	p.member = r.Text()
	return p
}

// cut settles what is too long to be kept.
func (p Place) cut() Place {
	for _, s := range []*string{&p.Site, &p.URL, &p.Page, &p.Container, &p.Member} {
		*s = cutText(*s)
	}
	return p
}

// split parts a URL into what many pictures share and the rest.
func (p *Place) split() (base, path string) {
	if p.Container != "" {
		return p.URL, ""
	}
	at := strings.Index(p.URL, "://")
	if at < 0 {
		return "", p.URL
	}
	end := strings.IndexByte(p.URL[at+3:], '/')
	if end < 0 {
		return p.URL, ""
	}
	return p.URL[:at+3+end], p.URL[at+3+end:]
}

// sum tells the places of one picture apart.
func (p *Place) sum() [32]byte {
	var b []byte
	for _, s := range []string{p.Site, p.URL, p.Member} {
		b = kv.AppendText(b, s)
	}
	return sha256.Sum256(b)
}

// same reports whether two are one place; the page may differ, for a picture
// stands on many pages of a site.
func (p *Place) same(o *Place) bool {
	return p.Site == o.Site && p.URL == o.URL && p.Member == o.Member
}

// placeOf stores the texts of a place.
func (s *Seen) placeOf(w *writing, p *Place) (out place, err error) {
	base, path := p.split()
	out.path, out.member = path, p.Member
	for _, t := range []struct {
		text string
		into *uint32
	}{{p.Site, &out.site}, {base, &out.base}, {p.Page, &out.page}, {p.Container, &out.container}} {
		n, err2 := s.number(w, t.text)
		*t.into, err = n, errors.Join(err, err2)
	}
	return out, err
}

// told is the place with its texts.
func (s *Seen) told(tx *kv.Tx, p *place) (out Place, err error) {
	out.URL, out.Member = p.path, p.member
	base := ""
	for _, t := range []struct {
		number uint32
		into   *string
	}{{p.site, &out.Site}, {p.base, &base}, {p.page, &out.Page}, {p.container, &out.Container}} {
		text, err2 := s.text(tx, t.number)
		*t.into, err = text, errors.Join(err, err2)
	}
	out.URL = base + out.URL
	return out, err
}

// number is that of a text, which is stored where it is not known. Empty is 0.
func (s *Seen) number(w *writing, text string) (uint32, error) {
	if text == "" {
		return 0, nil
	}
	if n, ok := s.texts.Get(text); ok {
		return n, nil
	}
	if n, ok := w.texts[text]; ok {
		return n, nil
	}
	b := bucket(w.tx, "strings")
	next, err := b.NextSequence()
	if err != nil {
		return 0, err
	}
	b.FillPercent = appended
	w.texts[text] = uint32(next)
	return uint32(next), b.Put(key32(uint32(next)), []byte(text))
}

// appended is how full a page is left to which only the last keys are added.
const appended = 1.0

func (s *Seen) text(tx *kv.Tx, number uint32) (string, error) {
	if number == 0 {
		return "", nil
	}
	if text, ok := s.names.Get(number); ok {
		return text, nil
	}
	value := bucket(tx, "strings").Get(key32(number))
	if value == nil {
		return "", fmt.Errorf("%w: text %d is not there", ErrDamaged, number)
	}
	text := string(value)
	if !tx.Writable() { // else it may be a text that is not on the disk yet, and never will be
		s.names.Add(number, text)
	}
	return text, nil
}

// further is the key of a place beside the first.
func further(row uint32, p *Place) []byte {
	sum := p.sum()
	return append(key32(row), sum[:8]...)
}

// putStay notes another place of a row; counted is how many it has already.
func (s *Seen) putStay(w *writing, row uint32, at Stay, counted *byte) error {
	b, key := bucket(w.tx, "places"), further(row, &at.Place)
	first, last := seconds(at.First), seconds(at.Last)
	if old := b.Get(key); old != nil {
		in := reading(old)
		f, l := in.uint32(), in.uint32()
		if in.Bad {
			return fmt.Errorf("%w: a place of picture %d", ErrDamaged, row)
		}
		value := binary.BigEndian.AppendUint32(nil, min(f, first))
		value = binary.BigEndian.AppendUint32(value, max(l, last))
		return b.Put(key, append(value, in.Rest...))
	}
	if *counted >= maxFurther {
		return nil
	}
	*counted++
	p, err := s.placeOf(w, &at.Place)
	if err != nil {
		return err
	}
	value := binary.BigEndian.AppendUint32(nil, first)
	value = binary.BigEndian.AppendUint32(value, last)
	return b.Put(key, p.append(value))
}

// stays are the places of a row beside the first.
func (s *Seen) stays(tx *kv.Tx, row uint32) (out []Stay, err error) {
	prefix := key32(row)
	c := bucket(tx, "places").Cursor()
	for k, v := c.Seek(prefix); len(k) == 12 && string(k[:4]) == string(prefix); k, v = c.Next() {
		at, err := s.stay(tx, v)
		if err != nil {
			return nil, err
		}
		out = append(out, at)
	}
	return out, nil
}

func (s *Seen) stay(tx *kv.Tx, value []byte) (at Stay, err error) {
	in := reading(value)
	at.First, at.Last = when(in.uint32()), when(in.uint32())
	p := in.place()
	if in.Bad {
		return Stay{}, fmt.Errorf("%w: a place of %d bytes", ErrDamaged, len(value))
	}
	at.Place, err = s.told(tx, &p)
	return at, err
}
