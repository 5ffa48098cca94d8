package container

import "math/bits"

// sevenParser reads the header of a 7z. After its first error it gives zeros.
type sevenParser struct {
	b       []byte
	at, end int
	reserve func(bytes int64) error
	err     error
}

// room asks for the memory of what is about to be kept.
func (p *sevenParser) room(bytes int64) {
	if p.err == nil {
		p.err = p.reserve(bytes)
	}
}

func (p *sevenParser) fail(cause, why string) {
	if p.err == nil {
		p.err = fault(cause, "%s", why)
	}
}

// take returns the next n bytes.
func (p *sevenParser) take(n uint64) []byte {
	if p.err != nil || n > uint64(p.end-p.at) {
		p.fail("damaged", "the directory ends in its middle")
		return make([]byte, min(n, 8))
	}
	p.at += int(n)
	return p.b[p.at-int(n) : p.at]
}

// part is a parser of the next n bytes.
func (p *sevenParser) part(n uint64) *sevenParser {
	at := p.at
	p.take(n)
	return &sevenParser{b: p.b, at: at, end: p.at, reserve: p.reserve, err: p.err}
}

func (p *sevenParser) byte() byte { return p.take(1)[0] }

// number reads a number whose first byte tells by its leading ones how many
// follow.
func (p *sevenParser) number() uint64 {
	first := p.byte()
	n := bits.LeadingZeros8(^first)
	var v uint64
	for i, c := range p.take(uint64(n)) {
		v |= uint64(c) << (8 * i)
	}
	if n < 8 {
		v |= uint64(first&(0x7F>>n)) << (8 * n)
	}
	return v
}

// count reads a number that may not be above limit.
func (p *sevenParser) count(limit int) int {
	v := p.number()
	if v > uint64(max(limit, 0)) {
		p.fail("damaged", "a number in the directory that its size belies")
		return 0
	}
	return int(v)
}

// size reads a number of bytes.
func (p *sevenParser) size() int64 {
	v := p.number()
	if v > 1<<60 {
		p.fail("damaged", "a size beyond all bounds")
		return 0
	}
	return int64(v)
}

// defined reads which of n are defined: all, or a bit for each.
func (p *sevenParser) defined(n int) defined {
	if p.byte() != 0 {
		return defined{all: true}
	}
	return defined{set: p.take(uint64(n+7) / 8)}
}

type defined struct {
	all bool
	set []byte
}

func (d defined) at(i int) bool { return d.all || sevenBits(d.set).at(i) }

// digests reads the CRCs of n streams.
func (p *sevenParser) digests(n int, give func(i int, crc uint32)) {
	d := p.defined(n)
	for i := range n {
		if p.err != nil {
			return
		}
		if d.at(i) {
			give(i, le32(p.take(4)))
		}
	}
}

// streams reads where the packed streams are, how they are unpacked, and which
// members they hold.
func (p *sevenParser) streams(d *sevenDirectory) {
	var sizes []int64
	var from int64
	for p.err == nil {
		switch p.byte() {
		case 0:
			d.wholeFolders()
			return
		case 6:
			from = 32 + p.size()
			sizes = p.packed()
		case 7:
			p.folders(d, from, sizes)
		case 8:
			p.substreams(d)
		default:
			p.fail("damaged", "an unknown property of the streams")
		}
	}
}

// wholeFolders gives folders without substreams one each.
func (d *sevenDirectory) wholeFolders() {
	if d.streams != nil {
		return
	}
	for i := range d.folders {
		f := &d.folders[i]
		s := sevenStream{folder: i, size: f.unpacked}
		if f.crc != nil {
			s.crc, s.summed = *f.crc, true
		}
		d.streams = append(d.streams, s)
	}
}

func (p *sevenParser) packed() (sizes []int64) {
	n := p.count(p.end - p.at)
	p.room(int64(n) * 16)
	for p.err == nil {
		switch p.byte() {
		case 0:
			return sizes
		case 9:
			for range n {
				if p.err != nil {
					return nil
				}
				sizes = append(sizes, p.size())
			}
		case 0x0A:
			p.digests(n, func(int, uint32) {})
		default:
			p.fail("damaged", "an unknown property of the packed streams")
		}
	}
	return nil
}

func (p *sevenParser) folders(d *sevenDirectory, from int64, sizes []int64) {
	if p.byte() != 0x0B || len(d.folders) > 0 {
		p.fail("damaged", "folders are missing, or stated twice")
		return
	}
	n := p.count(p.end - p.at)
	if p.byte() != 0 {
		p.fail("unsupported", "folders that lie elsewhere")
	}
	p.room(int64(n) * 400)
	outs := make([]int, 0, min(n, 1024))
	for i := 0; i < n && p.err == nil; i++ {
		f, ins, out := p.folder()
		f.from = from
		for range ins {
			if len(sizes) == 0 {
				p.fail("damaged", "a folder without its bytes")
				return
			}
			f.size += sizes[0]
			if f.size > 1<<60 || from > 1<<60 {
				p.fail("damaged", "a size beyond all bounds")
				return
			}
			from, sizes = from+sizes[0], sizes[1:]
		}
		d.folders = append(d.folders, f)
		outs = append(outs, out)
	}
	if p.byte() != 0x0C {
		p.fail("damaged", "sizes of the folders are missing")
	}
	for i := range d.folders {
		p.unpackedSizes(&d.folders[i], outs[i])
	}
	for p.err == nil {
		switch p.byte() {
		case 0:
			return
		case 0x0A:
			p.digests(len(d.folders), func(i int, crc uint32) { d.folders[i].crc = &crc })
		default:
			p.fail("damaged", "an unknown property of the folders")
		}
	}
}

// unpackedSizes reads what comes out of each coder; coders stand as they are
// stated until here, and are then put in the order of unpacking.
func (p *sevenParser) unpackedSizes(f *sevenFolder, out int) {
	for i := range out {
		size := p.size()
		if i < len(f.coders) {
			f.coders[i].unpacked = size
		}
		if i == f.main {
			f.unpacked = size
		}
	}
	ordered := make([]sevenCoder, 0, len(f.order))
	for _, i := range f.order {
		ordered = append(ordered, f.coders[i])
	}
	f.coders, f.order = ordered, nil
}

// folder reads the coders of one folder and how they are chained. It returns
// also how many packed streams go in, and how many streams come out of coders.
func (p *sevenParser) folder() (f sevenFolder, ins, outs int) {
	n := p.count(32)
	p.room(int64(n) * 64)
	in := 0
	if n == 0 {
		p.fail("damaged", "a folder without a coder")
	}
	for i := 0; i < n && p.err == nil; i++ {
		c, cin, cout := p.coder()
		f.coders = append(f.coders, c)
		in, outs = in+cin, outs+cout
		if cin != 1 || cout != 1 {
			f.cause, f.why = "unsupported", "coders of several streams"
		}
	}
	if p.err != nil || outs == 0 {
		p.fail("damaged", "a folder that gives nothing")
		return f, 0, 0
	}
	bound := make(map[int]int) // in by out
	fed := make(map[int]bool)
	for range outs - 1 {
		i, o := p.count(in-1), p.count(outs-1)
		bound[o], fed[i] = i, true
	}
	ins = in - (outs - 1)
	if ins < 0 {
		p.fail("damaged", "a folder that takes nothing")
		return f, 0, 0
	}
	if ins > 1 {
		for range ins {
			p.count(in - 1)
		}
	}
	f.chain(in, outs, bound, fed)
	for _, c := range f.coders {
		if cause, why := c.judge(); cause != "" && f.cause != "encrypted" {
			f.cause, f.why = cause, why
		}
	}
	return f, ins, outs
}

// chain finds the order of the coders, from the packed stream on.
func (f *sevenFolder) chain(in, outs int, bound map[int]int, fed map[int]bool) {
	for f.main = 0; f.main < outs-1; f.main++ {
		if _, ok := bound[f.main]; !ok {
			break
		}
	}
	if f.cause != "" {
		return
	}
	at := 0
	for at < in && fed[at] {
		at++
	}
	for range outs {
		if at >= len(f.coders) {
			break
		}
		f.order = append(f.order, at)
		next, ok := bound[at]
		if !ok {
			break
		}
		at = next
	}
	if len(f.order) != len(f.coders) {
		f.cause, f.why = "damaged", "coders that are no chain"
	}
}

func (p *sevenParser) coder() (c sevenCoder, in, out int) {
	flags := p.byte()
	for _, b := range p.take(uint64(flags & 15)) {
		c.method = c.method<<8 | uint64(b)
	}
	in, out = 1, 1
	if flags&0x10 != 0 {
		in, out = p.count(32), p.count(32)
	}
	if flags&0x20 != 0 {
		c.props = p.take(p.number())
	}
	if flags&0x80 != 0 {
		p.fail("unsupported", "a coder with alternatives")
	}
	return c, in, out
}

// substreams reads which members the folders hold.
func (p *sevenParser) substreams(d *sevenDirectory) {
	for i := range d.folders {
		d.folders[i].streams = 1
	}
	id := p.byte()
	if id == 0x0D {
		left := p.end - p.at
		for i := range d.folders {
			n := p.count(left)
			d.folders[i].streams = n
			p.room(int64(n) * 64)
			left -= n - 1
		}
		id = p.byte()
	}
	d.streams = []sevenStream{}
	for i := range d.folders {
		f := &d.folders[i]
		var offset int64
		for j := 0; j < f.streams && p.err == nil; j++ {
			size := f.unpacked - offset
			if j < f.streams-1 && id == 9 {
				size = p.size()
			}
			if p.err != nil || size < 0 || offset+size > f.unpacked {
				p.fail("damaged", "members larger than their folder")
				return
			}
			d.streams = append(d.streams, sevenStream{folder: i, offset: offset, size: size})
			offset += size
		}
	}
	if id == 9 {
		id = p.byte()
	}
	p.streamDigests(d, id)
}

// streamDigests reads the CRCs of the members; of those that are alone in their
// folder it may have been stated there.
func (p *sevenParser) streamDigests(d *sevenDirectory, id byte) {
	var unknown []int
	for i := range d.streams {
		s := &d.streams[i]
		if f := &d.folders[s.folder]; f.streams == 1 && f.crc != nil {
			s.crc, s.summed = *f.crc, true
			continue
		}
		unknown = append(unknown, i)
	}
	for ; p.err == nil && id != 0; id = p.byte() {
		if id != 0x0A {
			p.fail("damaged", "an unknown property of the members")
			return
		}
		p.digests(len(unknown), func(i int, crc uint32) {
			d.streams[unknown[i]].crc, d.streams[unknown[i]].summed = crc, true
		})
	}
}
