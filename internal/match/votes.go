package match

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"leakwatch/internal/phash"
)

// votes finds the entries of a set whose keypoints a found picture has, where
// no hash does. It never changes, and has no pointers but its own slices. A
// keypoint takes 66 bytes, a full entry 10.6 KB; the heads take 17 MB at most.
//
// Descriptors that differ in few bits share 20 given ones, or all but one of
// them, in at least one of four tables (Norouzi 2012). Those that do, and are
// alike in 32 other bits that stand beside them, are compared whole. Unlike
// corners are often alike, too; but only the corners of one picture turn and
// grow alike (Jegou 2008), and as far as they do their votes are added up.
type votes struct {
	first       []uint32    // of each entry: its first keypoint; at the end the number of all
	descriptors [][4]uint64 // of all keypoints
	poses       []pose
	bits        int // of a key
	tables      [voteTables]table
}

// pose is how the surroundings of a keypoint lie.
type pose struct {
	angle uint8 // in 1/256 turn
	size  int8  // natural logarithm of their share of the long side, in 1/16
}

// table lists the keypoints by a part of their descriptor: those with key k
// are list[heads[k]:heads[k+1]], the lower half of each the keypoint, the upper
// half the bits that are looked at first.
type table struct {
	heads []uint32
	list  []uint64
}

const (
	voteTables = 4
	voteBits   = 20  // of a key, at most
	voteList   = 300 // a longer list is of corners that are everywhere
	voteNear   = 36  // bits in which a vote's descriptors differ at most
	voteGlance = 10  // of the 32 that are looked at first
	voteLeast  = 4   // votes, for an entry to be named
	votesTaken = 64  // of an entry: the nearest
)

// ballot is an entry and the weight of the votes for it.
type ballot struct {
	entry  uint32
	votes  int
	weight float64
}

// voteBuilder makes votes of entries given in order.
type voteBuilder struct {
	first       []uint32
	descriptors [][4]uint64
	poses       []pose
}

// add gives the keypoints of the next entry; nil is an entry without.
func (b *voteBuilder) add(p *phash.Points) {
	b.first = append(b.first, uint32(len(b.poses)))
	if p == nil {
		return
	}
	for i := range p.List {
		b.descriptors = append(b.descriptors, p.List[i].Descriptor)
		b.poses = append(b.poses, poseOf(p, i))
	}
}

func poseOf(p *phash.Points, i int) pose {
	q := &p.List[i]
	size := math.Log(max(float64(q.Scale), 1e-3) / float64(max(p.Width, p.Height, 1)))
	return pose{
		angle: uint8(int(math.Round(float64(q.Angle)*128/math.Pi)) & 255),
		size:  int8(math.Round(16 * min(max(size, -7.5), 0))),
	}
}

// build ends the building.
func (b *voteBuilder) build() *votes {
	v := &votes{first: append(b.first, uint32(len(b.poses))), descriptors: b.descriptors, poses: b.poses}
	for v.bits = 12; v.bits < voteBits && 2<<v.bits < len(v.poses); v.bits++ {
	}
	for t := range v.tables {
		v.tables[t] = v.fill(t)
	}
	return v
}

// fill sorts the keypoints by their keys, by counting.
func (v *votes) fill(t int) table {
	heads := make([]uint32, 1<<v.bits+1)
	for i := range v.descriptors {
		heads[v.key(&v.descriptors[i], t)+1]++
	}
	for k := range heads[1:] {
		heads[k+1] += heads[k]
	}
	list := make([]uint64, len(v.descriptors))
	for i := range v.descriptors {
		d := &v.descriptors[i]
		k := v.key(d, t)
		list[heads[k]] = uint64(glance(d, t))<<32 | uint64(i)
		heads[k]++
	}
	// Each head now stands at its end, which is the next one's beginning.
	copy(heads[1:], heads)
	heads[0] = 0
	return table{heads, list}
}

// key is the part of a descriptor by which table t knows it.
func (v *votes) key(d *[4]uint64, t int) uint32 { return uint32(d[t]) & (1<<v.bits - 1) }

// glance is the part of a descriptor that table t keeps beside the keypoint.
func glance(d *[4]uint64, t int) uint32 { return uint32(d[(t+1)%voteTables] >> 32) }

// memory is what the votes occupy.
func (v *votes) memory() int64 {
	n := int64(cap(v.first))*4 + int64(cap(v.descriptors))*32 + int64(cap(v.poses))*2
	for _, t := range v.tables {
		n += int64(cap(t.heads))*4 + int64(cap(t.list))*8
	}
	return n
}

// vote is that of one found keypoint for one of an entry.
type vote struct {
	entry    uint32
	voter    uint32 // the entry's keypoint
	point    uint16 // the found picture's
	distance uint8
	angle    uint8 // by which the found one is turned, as in pose
	size     int8  // by which it is larger, as in pose
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
		d := &found.List[i].Descriptor
		self := poseOf(found, i)
		for t := range v.tables {
			key := v.key(d, t)
			out = v.ask(out, d, t, key, uint16(i), self)
			for bit := range v.bits {
				out = v.ask(out, d, t, key^1<<bit, uint16(i), self)
			}
		}
	}
	return out
}

// ask appends the votes for the keypoints under one key.
func (v *votes) ask(out []vote, d *[4]uint64, t int, key uint32, point uint16, self pose) []vote {
	heads, first := v.tables[t].heads, glance(d, t)
	list := v.tables[t].list[heads[key]:heads[key+1]]
	if len(list) > voteList {
		return out
	}
	for _, l := range list {
		if bits.OnesCount32(uint32(l>>32)^first) > voteGlance {
			continue
		}
		at := uint32(l)
		distance := distanceOf(d, &v.descriptors[at])
		if distance > voteNear {
			continue
		}
		after, _ := slices.BinarySearch(v.first, at+1)
		p := v.poses[at]
		out = append(out, vote{uint32(after - 1), at, point, uint8(distance), self.angle - p.angle, self.size - p.size})
	}
	return out
}

// count weighs the votes for one entry, the nearest first: those that turn and
// grow alike, each keypoint once.
func count(cast []vote) ballot {
	cast = cast[:min(len(cast), votesTaken)]
	best := ballot{entry: cast[0].entry}
	var counted [votesTaken]*vote
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
