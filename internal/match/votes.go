package match

import (
	"cmp"
	"math"
	"slices"

	"leakwatch/internal/phash"
)

// votes finds the entries of a set whose keypoints a found picture has, where
// no hash does. It never changes. For each keypoint it takes 50 bytes, for a
// full entry 8 KB, and 4 MB for each table's heads at most.
//
// Descriptors that differ in few bits share 20 given ones, or all but one of
// them, in at least one of four tables (Norouzi 2012): those that do are
// compared whole. Unlike corners are often alike; but the corners of one
// picture also turn and grow alike (Jegou 2008), and only as far as they do
// are their votes added up.
type votes struct {
	first  []uint32 // of each entry: its first keypoint; and the number of all
	points []voter
	bits   int // of a key
	tables [voteTables]table
}

// voter is a keypoint of an entry.
type voter struct {
	descriptor [4]uint64
	angle      uint8 // in 1/256 turn
	size       int8  // natural logarithm of the surroundings' share of the long side, in 1/16
}

// table lists the keypoints by a part of their descriptor: those with key k
// are list[heads[k]:heads[k+1]].
type table struct {
	heads []uint32
	list  []uint32
}

const (
	voteTables  = 4
	voteBits    = 20  // of a key, at most
	voteList    = 300 // a longer list is of corners that are everywhere
	voteNear    = 36  // bits in which a vote's descriptors differ at most
	voteLeast   = 4   // votes, for an entry to be named
	votersTaken = 64  // of an entry: the first that vote
)

// ballot is an entry and the weight of the votes for it.
type ballot struct {
	entry  uint32
	votes  int
	weight float64
}

// voteBuilder makes votes of entries given in order.
type voteBuilder struct {
	first  []uint32
	points []voter
}

// add gives the keypoints of the next entry; nil is an entry without.
func (b *voteBuilder) add(p *phash.Points) {
	b.first = append(b.first, uint32(len(b.points)))
	if p == nil {
		return
	}
	for i := range p.List {
		b.points = append(b.points, voterOf(p, i))
	}
}

func voterOf(p *phash.Points, i int) voter {
	q := &p.List[i]
	size := math.Log(max(float64(q.Scale), 1e-3) / float64(max(p.Width, p.Height, 1)))
	return voter{
		descriptor: q.Descriptor,
		angle:      uint8(int(math.Round(float64(q.Angle)*128/math.Pi)) & 255),
		size:       int8(math.Round(16 * min(max(size, -7.5), 0))),
	}
}

// build ends the building.
func (b *voteBuilder) build() *votes {
	v := &votes{first: append(b.first, uint32(len(b.points))), points: b.points}
	for v.bits = 12; v.bits < voteBits && 1<<v.bits < len(v.points)/2; v.bits++ {
	}
	for t := range v.tables {
		v.tables[t] = v.fill(t)
	}
	return v
}

// fill sorts the keypoints by their keys, by counting.
func (v *votes) fill(t int) table {
	heads := make([]uint32, 1<<v.bits+1)
	for i := range v.points {
		heads[v.key(&v.points[i].descriptor, t)+1]++
	}
	for k := range heads[1:] {
		heads[k+1] += heads[k]
	}
	list := make([]uint32, len(v.points))
	for i := range v.points {
		k := v.key(&v.points[i].descriptor, t)
		list[heads[k]] = uint32(i)
		heads[k]++
	}
	// Each head now stands at its end, which is the next one's beginning.
	copy(heads[1:], heads)
	heads[0] = 0
	return table{heads, list}
}

// key is the part of a descriptor by which table t knows it.
func (v *votes) key(d *[4]uint64, t int) uint32 { return uint32(d[t]) & (1<<v.bits - 1) }

// memory is what the votes occupy.
func (v *votes) memory() int64 {
	n := int64(cap(v.first))*4 + int64(cap(v.points))*40
	for _, t := range v.tables {
		n += int64(cap(t.heads))*4 + int64(cap(t.list))*4
	}
	return n
}

// vote is that of one found keypoint for one of an entry.
type vote struct {
	entry    uint32
	voter    uint32 // of the entry
	point    uint16 // of the found picture
	distance uint8
	angle    uint8 // by which the found one is turned
	size     int8  // by which it is larger
}

// elect names the entries with the most votes, at most n, best first.
func (v *votes) elect(found *phash.Points, n int) []ballot {
	cast := v.cast(found)
	slices.SortFunc(cast, func(a, b vote) int {
		return cmp.Or(cmp.Compare(a.entry, b.entry), cmp.Compare(a.distance, b.distance), cmp.Compare(a.point, b.point), cmp.Compare(a.voter, b.voter))
	})
	var all []ballot
	for len(cast) > 0 {
		end := 1
		for end < len(cast) && cast[end].entry == cast[0].entry {
			end++
		}
		if end >= voteLeast {
			if b := count(cast[:end]); b.votes >= voteLeast {
				all = append(all, b)
			}
		}
		cast = cast[end:]
	}
	slices.SortFunc(all, func(a, b ballot) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.entry, b.entry)) })
	return all[:min(n, len(all))]
}

// cast collects the votes of all found keypoints.
func (v *votes) cast(found *phash.Points) []vote {
	var out []vote
	for i := range found.List {
		self := voterOf(found, i)
		for t := range v.tables {
			key := v.key(&self.descriptor, t)
			out = v.ask(out, &self, uint16(i), t, key)
			for bit := range v.bits {
				out = v.ask(out, &self, uint16(i), t, key^1<<bit)
			}
		}
	}
	return out
}

// ask appends the votes for the keypoints under one key.
func (v *votes) ask(out []vote, self *voter, i uint16, t int, key uint32) []vote {
	h := v.tables[t].heads
	list := v.tables[t].list[h[key]:h[key+1]]
	if len(list) > voteList {
		return out
	}
	for _, at := range list {
		p := &v.points[at]
		d := distanceOf(&self.descriptor, &p.descriptor)
		if d > voteNear {
			continue
		}
		entry, _ := slices.BinarySearch(v.first, at+1)
		out = append(out, vote{uint32(entry - 1), at, i, uint8(d), self.angle - p.angle, self.size - p.size})
	}
	return out
}

// count weighs the votes for one entry, the nearest first: those that turn and
// grow alike, each keypoint once.
func count(cast []vote) ballot {
	cast = cast[:min(len(cast), votersTaken)]
	best := ballot{entry: cast[0].entry}
	var counted [votersTaken]*vote
	for i := range cast {
		middle, n, weight := &cast[i], 0, 0.
	next:
		for j := range cast {
			c := &cast[j]
			if !middle.alike(c) {
				continue
			}
			for _, o := range counted[:n] {
				if o.point == c.point || o.voter == c.voter {
					continue next
				}
			}
			counted[n] = c
			n++
			weight += rarity(int(c.distance)) - rarity(voteNear+4)
		}
		if weight > best.weight {
			best.votes, best.weight = n, weight
		}
	}
	return best
}

// alike reports whether two votes turn and grow alike: within half a radian,
// and half a natural logarithm.
func (v *vote) alike(o *vote) bool {
	turn, grow := int8(v.angle-o.angle), int(v.size)-int(o.size)
	return turn <= 20 && turn >= -20 && grow <= 8 && grow >= -8
}
