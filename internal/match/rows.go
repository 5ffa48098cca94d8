package match

import "leakwatch/internal/phash"

// rows are hashes to be searched, cut into planes: one bit of 512 rows stands
// in eight words next to each other, a cache line, and the 256 planes of these
// 512 rows make a group of 16 KiB. So one instruction counts one bit of 64,
// 256 or 512 rows, and a scan reads only the planes that it needs. It is the
// only copy of the hashes: 32 bytes a row.
type rows struct {
	n      int
	planes []uint64
	last   []class // rows that do not fill a group yet, while rows are added
}

const (
	groupRows  = 512
	groupWords = 256 * groupRows / 64
	lineWords  = groupRows / 64
)

// group is 512 rows: word 8 plane(k, bit) + w holds that bit of class k of rows
// 64 w to 64 w + 63.
type group = [groupWords]uint64

// plane is where a bit of a class stands: all classes begin at the front, so
// that the planes of a scan that needs few of each lie together.
func plane(k, bit int) int { return 4*bit + k }

func (r *rows) add(h class) {
	r.n++
	if r.last = append(r.last, h); len(r.last) == groupRows {
		r.cut()
	}
}

// end is called when all rows are there.
func (r *rows) end() {
	if len(r.last) > 0 {
		r.cut()
	}
	r.last = nil
	r.planes = fit(r.planes)
}

// cut makes a group of the rows that wait.
func (r *rows) cut() {
	var g group
	for w := range lineWords {
		for k := range 4 {
			var square [64]uint64
			for i := range square {
				if row := 64*w + i; row < len(r.last) {
					square[i] = r.last[row][k]
				}
			}
			transpose(&square)
			for bit, word := range square {
				g[plane(k, bit)*lineWords+w] = word
			}
		}
	}
	r.planes, r.last = append(r.planes, g[:]...), r.last[:0]
}

// transpose exchanges bit j of word i with bit i of word j, in squares of 32,
// 16, ... 1 (Warren, Hacker's Delight, 7-3).
func transpose(a *[64]uint64) {
	mask := uint64(1<<32 - 1)
	for side := 32; side > 0; side, mask = side/2, mask^mask<<(side/2) {
		for i := 0; i < 64; i = (i + side + 1) &^ side {
			t := (a[i]>>side ^ a[i+side]) & mask
			a[i] ^= t << side
			a[i+side] ^= t
		}
	}
}

func (r *rows) len() int { return r.n }

func (r *rows) groups() int { return len(r.planes) / groupWords }

func (r *rows) group(i int) *group { return (*group)(r.planes[i*groupWords:]) }

// at gathers row i out of its planes.
func (r *rows) at(i int) (c class) {
	g, w, bit := r.group(i/groupRows), i/64%lineWords, i%64
	for j := range 64 {
		line := (*[4 * lineWords]uint64)(g[plane(0, j)*lineWords:])
		c[0] |= line[w] >> bit & 1 << j
		c[1] |= line[lineWords+w] >> bit & 1 << j
		c[2] |= line[2*lineWords+w] >> bit & 1 << j
		c[3] |= line[3*lineWords+w] >> bit & 1 << j
	}
	return c
}

func (r *rows) memory() int64 { return int64(cap(r.planes)) * 8 }

// windowRows are the hashes of the windows of entries. Equal ones are not
// merged, and never a double.
type windowRows struct {
	hash   rows
	owner  []owner
	number []uint8 // of phash.EntryWindows
}

// add takes the windows of an entry, in the order of phash.EntryWindows; nil
// are those that have no hash.
func (w *windowRows) add(windows []*phash.PDQ, o owner) {
	for i, p := range windows {
		if p != nil {
			w.hash.add(classOf(*p))
			w.owner, w.number = append(w.owner, o), append(w.number, uint8(i))
		}
	}
}

func (w *windowRows) end() {
	w.hash.end()
	w.owner, w.number = fit(w.owner), fit(w.number)
}

func (w *windowRows) memory() int64 {
	return w.hash.memory() + int64(cap(w.owner))*8 + int64(cap(w.number))
}
