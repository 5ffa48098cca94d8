package match

import (
	"cmp"
	"slices"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// Retrieval by keypoints, for what no hash finds: a crop to a quarter, a turn
// by five degrees. Each descriptor is cut into 16 bands of 16 bits; a point of
// the found picture looks into the 16 lists of its bands, and each point there
// that is alike enough is a vote for its entry.
//
// Two points of one corner differ in some 40 bits: one band in fifteen is
// equal, and two points of three are found. It costs 100 bytes of memory a
// point, 16 KB an entry, and time that grows with the entries: hence the
// setting, and the ceiling.

const (
	// deepEntries is how many entries of a set with keypoints are searched: with
	// 300,000 the tables would take 5 GB, and lists be too long to choose by.
	deepEntries = 20_000
	bands       = 16
	longestList = 300 // a longer list is of a pattern that says nothing
	leastVotes  = 4
	mostVoted   = 12 // entries that are looked at
)

// votes are the keypoints of a set's entries, by band. They never change.
type votes struct {
	descriptors [][4]uint64 // of each point
	entry       []uint32    // of each point
	begin       [bands][]uint32
	points      [bands][]uint32 // those of value v of a band are points[begin[v]:begin[v+1]]
}

// voted is an entry and how many points of the found picture speak for it.
type voted struct {
	entry uint32
	n     int
}

// best are the entries with the most votes, the most first, of equal ones the
// first.
func (v *votes) best(found *phash.Points) []voted {
	counts := map[uint32]int{}
	for i := range found.List {
		d := &found.List[i].Descriptor
		spoken := map[uint32]bool{}
		for band := range bands {
			value := d[band/4] >> (16 * (band % 4)) & 0xffff
			list := v.points[band][v.begin[band][value]:v.begin[band][value+1]]
			if len(list) > longestList {
				continue
			}
			for _, p := range list {
				if e := v.entry[p]; !spoken[e] && distanceOf(d, &v.descriptors[p]) <= nearDescriptor {
					spoken[e] = true
					counts[e]++
				}
			}
		}
	}
	var all []voted
	for e, n := range counts {
		if n >= leastVotes {
			all = append(all, voted{e, n})
		}
	}
	slices.SortFunc(all, func(a, b voted) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.entry, b.entry)) })
	return all[:min(len(all), mostVoted)]
}

// add takes the points of an entry.
func (v *votes) add(entry uint32, points *phash.Points) {
	for i := range points.List {
		v.descriptors = append(v.descriptors, points.List[i].Descriptor)
		v.entry = append(v.entry, entry)
	}
}

// end sorts the points into their lists.
func (v *votes) end() {
	for band := range bands {
		value := func(p int) uint64 { return v.descriptors[p][band/4] >> (16 * (band % 4)) & 0xffff }
		begin := make([]uint32, 1<<16+1)
		for p := range v.descriptors {
			begin[value(p)+1]++
		}
		for i := 1; i < len(begin); i++ {
			begin[i] += begin[i-1]
		}
		next, points := slices.Clone(begin), make([]uint32, len(v.descriptors))
		for p := range v.descriptors {
			points[next[value(p)]] = uint32(p)
			next[value(p)]++
		}
		v.begin[band], v.points[band] = begin, points
	}
}

// votes are those of a set, made when they are first asked for; nil where the
// set has no keypoints or too many entries.
func (s *Sets) votes(seg *segment) (*votes, error) {
	seg.deep.Lock()
	defer seg.deep.Unlock()
	if seg.deep.asked {
		return seg.deep.votes, nil
	}
	v := &votes{}
	entries := 0
	err := s.db.View(func(tx *kv.Tx) error {
		details := tx.Bucket([]byte(detailsBucket)).Bucket(key(seg.record.ID))
		if details == nil {
			return nil
		}
		c := details.Cursor()
		for k, value := c.First(); k != nil && entries <= deepEntries; k, value = c.Next() {
			var e Entry
			if err := takeDetail(value, &e); err != nil {
				return err
			}
			if e.Points != nil {
				v.add(uint32(numberOf(k)), e.Points)
				entries++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	seg.deep.asked = true
	switch {
	case entries > deepEntries:
		s.now.Load().options.Log.Warn("a set has too many entries with keypoints to be searched by them", "set", seg.record.Set.Name, "most", deepEntries)
	case entries > 0:
		v.end()
		seg.deep.votes = v
	}
	return seg.deep.votes, nil
}
