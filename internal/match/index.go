package match

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"leakwatch/internal/phash"
)

// segment is the index of one version of one set. It holds no pointers into the
// store, never changes but for what it remembers of cameras, backgrounds and
// votes, and takes 53 bytes for an entry with SHA-256 and PDQ, 56 more for what
// manifests state of it, 41 for each of its windows: refs and paths stay in the store until there is a hit.
type segment struct {
	record record

	pdq   rows    // one for each pair of hash and quality
	qual  []int8  // of each row, or UnknownQuality
	owner []owner // of each row

	cameras cameras
	grounds grounds
	deep    deepened
	windows windowRows

	phash      []uint64 // the same for entries that have no PDQ
	phashOwner []owner

	shaPrefix []uint64 // first 8 bytes of each SHA-256, sorted
	shaEntry  []uint32 // and its entry

	byQuality [102]int // entries by quality of their PDQ; [101] is unknown
	bytesOnly int      // entries without any hash to compare
	manifest  int      // entries that only a line of a manifest finds

	stated    stated
	selectors *selectors // nil: none

	marked      map[string]int // entries of each ref that has a mark
	disabled    int            // entries that are
	quarantined int
}

// owner says whose a row is. Entries with the same hash share a row: the first
// of them speaks for all.
type owner struct {
	entry uint32 // the first entry
	ref   uint32 // the first entry that has the same ref, and sharedRow
}

// sharedRow marks a row whose entries have more than one ref.
const sharedRow = 1 << 31

func (o owner) refID() uint32 { return o.ref &^ sharedRow }

// rival reports whether the row holds an entry with another ref than refID.
func (o owner) rival(refID uint32) bool { return o.ref&sharedRow != 0 || o.ref != refID }

// memory is what the segment occupies.
func (s *segment) memory() int64 {
	return s.pdq.memory() + int64(cap(s.qual)) + int64(cap(s.owner))*8 +
		s.windows.memory() + s.deep.memory() +
		int64(cap(s.phash))*8 + int64(cap(s.phashOwner))*8 +
		int64(cap(s.shaPrefix))*8 + int64(cap(s.shaEntry))*4 + s.stated.memory() + s.selectors.memory()
}

// lookup returns the entries whose SHA-256 begins like sum, in their order.
// The caller compares the rest.
func (s *segment) lookup(sum [32]byte) []uint32 {
	prefix := binary.BigEndian.Uint64(sum[:])
	from, found := slices.BinarySearch(s.shaPrefix, prefix)
	if !found {
		return nil
	}
	to := from
	for to < len(s.shaPrefix) && s.shaPrefix[to] == prefix {
		to++
	}
	return s.shaEntry[from:to]
}

// useless are the pHashes of flat pictures: every blank would match them.
func useless(p uint64) bool { return p == 0 || p == 1<<63 || p == ^uint64(0) }

// builder makes a segment of rows given in order.
type builder struct {
	seg     segment
	entries int
	sha     []shaKey
	ref     []uint32          // of each entry, the first entry with the same ref
	plain   []bool            // entries of which no window counts
	own     *own              // its marks hold; nil: none
	marks   map[uint32]string // state of the marked, by the first entry of their ref
	pdq     []class

	pdqRow   map[uint64]uint32 // digest of a hash -> the last row of that digest
	pdqPrev  []uint32          // row -> the row of the same digest before it, or itself
	phashRow map[uint64]uint32
}

type shaKey struct {
	prefix uint64
	entry  uint32
}

func newBuilder(rows int, o *own) *builder {
	b := &builder{own: o, marks: map[uint32]string{}, pdqRow: make(map[uint64]uint32, rows), phashRow: map[uint64]uint32{}}
	b.pdq = make([]class, 0, rows)
	b.seg.marked = map[string]int{}
	b.seg.qual = make([]int8, 0, rows)
	b.seg.owner = make([]owner, 0, rows)
	b.sha = make([]shaKey, 0, rows)
	return b
}

// add takes the next row. Where an entry before it has the same hash, double
// is true and first is that entry.
func (b *builder) add(r *row) (first uint32, double bool) {
	i := uint32(b.entries)
	b.entries++
	ref := i
	if r.flags&hasTwin != 0 {
		ref = r.twin
	}
	b.ref = append(b.ref, ref)
	state := b.markOf(r, i, ref)
	b.plain = append(b.plain, state != "" || r.pdq != nil && r.quality != UnknownQuality && r.quality < windowQuality)
	hashed := r.flags&(hasSHA256|hasPDQ|hasPHash) != 0
	if !hashed {
		b.seg.manifest++
	}
	if state == Disabled {
		b.seg.disabled++
		return 0, false
	}
	if r.sha256 != nil {
		b.sha = append(b.sha, shaKey{binary.BigEndian.Uint64(r.sha256), i})
	}
	b.seg.stated.add(r, state == Quarantined)
	switch {
	case state == Quarantined:
		b.seg.quarantined++
	case r.pdq != nil:
		if r.quality == UnknownQuality {
			b.seg.byQuality[101]++
		} else {
			b.seg.byQuality[min(r.quality, 100)]++
		}
		return b.addPDQ(classOf([32]byte(r.pdq)), int8(r.quality), owner{i, ref})
	case r.flags&hasPHash != 0 && !useless(uint64(r.phash)):
		return b.addPHash(uint64(r.phash), owner{i, ref})
	case hashed:
		b.seg.bytesOnly++
	}
	return 0, false
}

func (b *builder) addPDQ(h class, quality int8, o owner) (first uint32, double bool) {
	s := &b.seg
	self := uint32(len(b.pdq))
	digest := h.digest()
	last, known := b.pdqRow[digest]
	for at := last; known; at = b.pdqPrev[at] {
		if b.pdq[at] == h {
			first, double = s.owner[at].entry, true
			if s.qual[at] == quality {
				s.owner[at].share(o)
				return first, true
			}
		}
		if b.pdqPrev[at] == at {
			break
		}
	}
	if !known {
		last = self
	}
	b.pdqRow[digest] = self
	b.pdqPrev = append(b.pdqPrev, last)
	b.pdq, s.qual, s.owner = append(b.pdq, h), append(s.qual, quality), append(s.owner, o)
	return first, double
}

func (b *builder) addPHash(h uint64, o owner) (first uint32, double bool) {
	s := &b.seg
	if at, known := b.phashRow[h]; known {
		s.phashOwner[at].share(o)
		return s.phashOwner[at].entry, true
	}
	b.phashRow[h] = uint32(len(s.phash))
	s.phash, s.phashOwner = append(s.phash, h), append(s.phashOwner, o)
	return 0, false
}

// addWindows takes the windows of an entry that was added before.
func (b *builder) addWindows(windows []*phash.PDQ, entry uint32) {
	if !b.plain[entry] {
		b.seg.windows.add(windows, owner{entry, b.ref[entry]})
	}
}

// windowQuality is the quality of the whole picture below which none of its
// windows is judged either.
const windowQuality = 50

// markOf is the state in which an entry's ref was marked, or "".
func (b *builder) markOf(r *row, i, ref uint32) string {
	if b.own == nil || len(b.own.marks) == 0 {
		return ""
	}
	state := b.marks[ref]
	name := string(r.ref)
	if i == ref {
		if name == "" {
			name = DefaultRef(r.entry())
		}
		if state = b.own.marks[name].State; state != "" {
			b.marks[i] = state
		}
	}
	if state != "" {
		if name == "" {
			name = DefaultRef(r.entry())
		}
		b.seg.marked[name]++
	}
	return state
}

// share lets a later entry into the row.
func (o *owner) share(later owner) {
	if o.rival(later.ref) {
		o.ref |= sharedRow
	}
}

// segment ends the building.
func (b *builder) segment(r record) *segment {
	s := &b.seg
	s.record = r
	slices.SortFunc(b.sha, func(x, y shaKey) int {
		if c := cmp.Compare(x.prefix, y.prefix); c != 0 {
			return c
		}
		return cmp.Compare(x.entry, y.entry)
	})
	s.shaPrefix, s.shaEntry = make([]uint64, len(b.sha)), make([]uint32, len(b.sha))
	for i, k := range b.sha {
		s.shaPrefix[i], s.shaEntry[i] = k.prefix, k.entry
	}
	for _, h := range b.pdq {
		s.pdq.add(h)
	}
	s.pdq.end()
	s.windows.end()
	s.stated.end()
	s.qual, s.owner = fit(s.qual), fit(s.owner)
	s.phash, s.phashOwner = fit(s.phash), fit(s.phashOwner)
	return s
}

// fit gives back what a slice has grown too much.
func fit[T any](s []T) []T {
	if len(s) == cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}

// class is a PDQ hash with its 256 bits sorted into four words by the parity
// of their row and column in the 16x16 block: scan.go says what for. Within a
// word they are scattered, so that its first bits are of all frequencies.
// Sorting bits keeps every distance.
type class [4]uint64

// classOf sorts the bits of a hash as it is printed.
func classOf(p [32]byte) class {
	const even = 0x0000555500005555 // even rows, even columns of four rows
	var w [4]uint64
	for i := range w {
		w[i] = binary.BigEndian.Uint64(p[8*i:])
	}
	var c class
	for i, shift := range [4]uint{0, 1, 16, 17} {
		c[i] = scatter(w[0]>>shift&even | (w[1]>>shift&even)<<1 | (w[2]>>shift&even)<<16 | (w[3]>>shift&even)<<17)
	}
	return c
}

// scatter moves bit i to the place whose number is i read backwards, as six
// binary digits: it exchanges the first digit and the last, and so inwards.
func scatter(w uint64) uint64 {
	for _, s := range [3]struct {
		shift uint
		mask  uint64 // places with the lower digit set and the higher not
	}{{31, 0x00000000aaaaaaaa}, {14, 0x0000cccc0000cccc}, {4, 0x00f000f000f000f0}} {
		t := (w>>s.shift ^ w) & s.mask
		w ^= t ^ t<<s.shift
	}
	return w
}

// distance counts the bits in which two hashes differ.
func (c *class) distance(d *class) int {
	return bits.OnesCount64(c[0]^d[0]) + bits.OnesCount64(c[1]^d[1]) + bits.OnesCount64(c[2]^d[2]) + bits.OnesCount64(c[3]^d[3])
}

// digest spreads the hash over 64 bits.
func (c *class) digest() uint64 {
	hi, lo := bits.Mul64(c[0]^0xa0761d6478bd642f, c[1]^0xe7037ed1a0b428db)
	hi2, lo2 := bits.Mul64(c[2]^0x8ebc6af09c88c6e3, c[3]^0x589965cc75374cc3)
	hi, lo = bits.Mul64(hi^lo2, lo^hi2^0x1d8e4e27c47d124f)
	return hi ^ lo
}
