package container

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A PDF is read by what stands in it, not by its table: every object is found by
// its own begin. So a damaged table hides nothing, nor does an object to which
// nothing leads any more, and there is no table that could lie.

func sniffPDF(head []byte, _ string) bool {
	i := bytes.Index(head, []byte("%PDF-"))
	if i < 0 || len(head) < i+6 || head[i+5] < '0' || head[i+5] > '9' {
		return false
	}
	// Some have a few bytes before, some texts talk of it.
	return i == 0 || head[i-1] == '\n' && bytes.IndexByte(head[:i], '<') < 0 || !IsText(head[:i])
}

const (
	maxPDFObjects = 500_000
	maxPDFObject  = 1 << 20  // bytes of one object, its stream apart
	maxPDFPacked  = 32 << 20 // bytes of one stream of objects, unpacked
)

// pdf is one document.
type pdf struct {
	w     *walk
	b     *box
	data  []byte
	index map[int]pdfPlace // of the newest object of each number
	order []int            // where objects with streams begin
	masks map[int]bool     // numbers of pictures that only mask others
	lock  *pdfLock         // nil when nothing is encrypted
	work  int64            // bytes that may still be unpacked on the way to members
	parse int64            // bytes that may still be read as values
	made  int64            // values that were read
}

// pdfPlace is where an object stands: in the file, or in a stream of objects.
type pdfPlace struct {
	at   int
	in   []byte // nil: in the file
	from int    // offset of the object that it is in, or its own: the newest counts
}

func openPDF(w *walk, b *box) error {
	data, err := w.all(b, w.limits.Memory/2)
	if err != nil {
		return err
	}
	p := &pdf{w: w, b: b, data: data, index: map[int]pdfPlace{}, masks: map[int]bool{}}
	p.work = max(1<<30, int64(w.limits.Ratio)*int64(len(data)))
	p.parse = 64<<20 + 16*int64(len(data))
	if err := p.read(); err != nil {
		return err
	}
	if err := p.pictures(); err != nil {
		return err
	}
	return p.words()
}

// read finds all objects.
func (p *pdf) read() error {
	for at, n := 0, 0; ; {
		i := bytes.Index(p.data[at:], []byte("obj"))
		if i < 0 {
			break
		}
		at += i + 3
		num, begin := p.numberBefore(at - 3)
		if num < 0 {
			continue
		}
		if len(p.index) >= maxPDFObjects || len(p.order) >= maxPDFObjects {
			p.b.partly = fault("limit_members", "more than %d objects", maxPDFObjects)
			break
		}
		if n++; n%1024 == 1 {
			if err := p.w.reserve(p.b, 1024*100); err != nil {
				return err
			}
			if err := p.w.alive(); err != nil {
				return err
			}
		}
		p.index[num] = pdfPlace{at: at, from: begin}
		if end, ok := p.streamEnd(at); ok {
			p.order = append(p.order, at)
			at = end
		}
	}
	if len(p.index) == 0 {
		return fault("damaged", "it begins like a PDF and has no objects")
	}
	if err := p.unlock(); err != nil {
		return err
	}
	return p.unpackObjects()
}

// numberBefore reads "12 0 " before obj, backwards; -1 for what is no object.
func (p *pdf) numberBefore(at int) (num, begin int) {
	i := at
	back := func(in func(byte) bool) int {
		end := i
		for i > 0 && end-i < 12 && in(p.data[i-1]) {
			i--
		}
		return end - i
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	if back(isPDFSpace); back(digit) == 0 || back(isPDFSpace) == 0 {
		return -1, 0
	}
	end := i
	if back(digit) == 0 || end-i > 8 {
		return -1, 0
	}
	for _, c := range p.data[i:end] {
		num = num*10 + int(c-'0')
	}
	return num, i
}

// streamEnd tells whether the object at a place has a stream, and where that
// ends. It keeps what the object says of others: pictures that mask, the lock.
func (p *pdf) streamEnd(at int) (int, bool) {
	s := p.object(at)
	if s.dict == nil || s.start < 0 {
		return 0, false
	}
	for _, key := range []string{"SMask", "Mask"} {
		if r, ok := s.dict[key].(pdfRef); ok && s.dict["Subtype"] == pdfName("Image") {
			p.masks[r.num] = true
		}
	}
	if n, ok := s.dict["Length"].(int); ok && n >= 0 && p.endsAt(s.start, n) {
		return s.start + n, true
	}
	if i := bytes.Index(p.data[s.start:], []byte("endstream")); i >= 0 {
		return s.start + i, true
	}
	return len(p.data), true
}

// endsAt tells whether a stream ends n bytes behind start.
func (p *pdf) endsAt(start, n int) bool {
	if n > len(p.data)-start {
		return false
	}
	rest := bytes.TrimLeft(p.data[start+n:min(len(p.data), start+n+16)], "\r\n \x00\t")
	return bytes.HasPrefix(rest, []byte("endstream")) || bytes.HasPrefix(rest, []byte("endobj"))
}

// pdfObject is a dictionary, and where its stream begins.
type pdfObject struct {
	num   int
	dict  pdfDict
	start int // -1: it has none
}

// object reads the dictionary at a place of the file.
func (p *pdf) object(at int) pdfObject {
	value, v := p.value(p.data, at)
	dict, _ := value.(pdfDict)
	num, _ := p.numberBefore(at - 3)
	s := pdfObject{num: num, dict: dict, start: -1}
	if dict == nil || v.word() != "stream" {
		return s
	}
	if v.at < len(v.data) && v.data[v.at] == '\r' {
		v.at++
	}
	if v.at < len(v.data) && v.data[v.at] == '\n' {
		v.at++
	}
	s.start = v.at
	return s
}

// raw returns the bytes of a stream as they stand in the file.
func (p *pdf) raw(s pdfObject) []byte {
	if n, ok := p.resolve(s.dict["Length"]).(int); ok && n >= 0 && p.endsAt(s.start, n) {
		return p.data[s.start : s.start+n]
	}
	end := bytes.Index(p.data[s.start:], []byte("endstream"))
	if end < 0 {
		return p.data[s.start:]
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(p.data[s.start:s.start+end], []byte("\n")), []byte("\r"))
}

// resolve follows references to a value.
func (p *pdf) resolve(v any) any {
	for range 8 {
		r, ok := v.(pdfRef)
		if !ok {
			return v
		}
		v = p.valueOf(r.num)
	}
	return nil
}

// valueOf reads an object that is no stream, or the dictionary of one.
func (p *pdf) valueOf(num int) any {
	place, ok := p.index[num]
	if !ok {
		return nil
	}
	data := p.data
	if place.in != nil {
		data = place.in
	}
	value, _ := p.value(data, place.at)
	return value
}

// value reads one object, and says where it ends, while the work that all of them
// may make lasts: objects in objects would be read again and again.
func (p *pdf) value(data []byte, at int) (any, *pdfValues) {
	if p.parse < 0 {
		p.lost(fault("limit_ratio", "objects in objects: more than 16 times the document to be read"))
		return nil, &pdfValues{}
	}
	v := &pdfValues{data: data[:min(len(data), at+maxPDFObject)], at: at}
	value := v.value(0)
	p.parse -= int64(max(0, v.at-at)) + 16
	p.made += int64(v.made)
	p.lost(v.over())
	return value, v
}

// lost says why something of the document was not seen; the first reason counts.
func (p *pdf) lost(f *Fault) {
	if f != nil && p.b.partly == nil {
		p.b.partly = f
	}
}

// streamOf is the stream with a number.
func (p *pdf) streamOf(v any) (pdfObject, bool) {
	r, ok := v.(pdfRef)
	if !ok {
		return pdfObject{}, false
	}
	place, ok := p.index[r.num]
	if !ok || place.in != nil {
		return pdfObject{}, false
	}
	s := p.object(place.at)
	return s, s.start >= 0
}

// unpackObjects finds the objects that stand in streams.
func (p *pdf) unpackObjects() error {
	for _, at := range p.order {
		s := p.object(at)
		if s.dict["Type"] != pdfName("ObjStm") {
			continue
		}
		if err := p.w.alive(); err != nil {
			return err
		}
		body, f := p.plain(s, maxPDFPacked)
		if f != nil {
			p.b.partly = f
			continue
		}
		first, _ := p.resolve(s.dict["First"]).(int)
		v := pdfValues{data: body}
		for n := 0; v.at < first && len(p.index) < maxPDFObjects; n++ {
			if n%1024 == 0 {
				if err := p.w.reserve(p.b, 1024*100); err != nil {
					return err
				}
			}
			num, ok := v.value(0).(int)
			offset, fine := v.value(0).(int)
			if !ok || !fine || offset < 0 || first+offset >= len(body) {
				break
			}
			if old, known := p.index[num]; !known || old.from < at {
				p.index[num] = pdfPlace{at: first + offset, in: body, from: at}
			}
		}
	}
	return nil
}

// plain unpacks a stream that is no picture into memory, which stays reserved
// until done or the end of the document.
func (p *pdf) plain(s pdfObject, limit int64) ([]byte, *Fault) {
	r, rest, f := p.filtered(s)
	if f != nil {
		return nil, f
	}
	if rest != "" {
		return nil, fault("unsupported", "a stream packed by %s", rest)
	}
	var err error
	var body []byte
	for src := (&worked{r: r, p: p}); err == nil; {
		if len(body) == cap(body) {
			larger := max(2*cap(body), 8<<10)
			if short := p.w.reserve(p.b, int64(larger)); short != nil {
				p.done(body)
				return nil, faultOf(short)
			}
			p.done(body)
			body = append(make([]byte, 0, larger), body...)
		}
		var n int
		n, err = src.Read(body[len(body):cap(body)])
		if body = body[:len(body)+n]; int64(len(body)) > limit {
			p.done(body)
			return nil, fault("limit_bytes", "a stream of more than %d bytes", limit)
		}
	}
	var reached *Fault
	switch {
	case len(body) == 0 && err != io.EOF:
		p.done(body)
		return nil, faultOf(err)
	case errors.As(err, &reached):
		p.lost(reached)
	}
	return body, nil
}

// done gives back the memory of what plain unpacked.
func (p *pdf) done(body []byte) { p.w.giveBack(p.b, taken{held: int64(cap(body))}) }

// pictures visits the pictures and the files that are attached.
func (p *pdf) pictures() error {
	images, files := 0, 0
	for _, at := range p.order {
		s := p.object(at)
		switch {
		case s.dict["Subtype"] == pdfName("Image") && !p.isMask(s):
			images++
			if err := p.picture(s, images); err != nil {
				return err
			}
		case s.dict["Type"] == pdfName("EmbeddedFile"):
			files++
			e := entry{name: fmt.Sprintf("attached-%d", files), size: -1, packed: int64(len(p.raw(s)))}
			if err := p.w.member(p.b, e, func() (io.Reader, error) { return p.file(s) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pdf) file(s pdfObject) (io.Reader, error) {
	r, rest, f := p.filtered(s)
	switch {
	case f != nil:
		return nil, f
	case rest != "":
		return nil, fault("unsupported", "a file packed by %s", rest)
	}
	return r, nil
}

// picture visits one picture.
func (p *pdf) picture(s pdfObject, n int) error {
	name, packed := fmt.Sprintf("picture-%d", n), int64(len(p.raw(s)))
	e := entry{name: name + ".png", size: -1, packed: -1}
	var r io.Reader
	body, rest, f := p.filtered(s)
	switch {
	case f != nil:
		e.cause, e.why = f.Code, f.Why
	case rest == "DCTDecode":
		e.name, r = name+".jpg", body
		e.packed = packed
	case rest != "":
		e.name = name + "." + strings.ToLower(strings.TrimSuffix(rest, "Decode"))
		e.packed = packed
		e.cause, e.why = "unsupported", "a picture packed by "+rest
	default:
		if r, f = p.pixels(s, body); f != nil {
			e.cause, e.why = f.Code, f.Why
		}
	}
	return p.w.member(p.b, e, func() (io.Reader, error) { return r, nil })
}
