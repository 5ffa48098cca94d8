package match

import (
	"context"
	"math/bits"
)

const (
	// lookAlikeRadius is how near, in bits of PDQ, pictures are taken for one by
	// those who use PDQ: 31.
	lookAlikeRadius = 31
	// loadLookAlikes is up to how many hashes they are counted when a set is
	// loaded: for less time than the load takes. The work grows with the square,
	// so that calibrate counts them up to maxLookAlikes.
	loadLookAlikes = 50_000
	maxLookAlikes  = 300_000
)

// lookAlikes counts the hashes of the set that lie within lookAlikeRadius of
// the hash of another ref, or have more than one ref themselves: of these an
// alert may name the wrong one. Entries with the same hash count once, those of
// low quality do not. It is nil where the set has more than limit, or ctx ended.
//
// Of two hashes within 31 bits at least one of their 16 pieces of 16 bits
// differs in one bit at most: only such pairs are compared.
func (s *segment) lookAlikes(ctx context.Context, limit int) *int {
	n := s.pdq.len()
	if n > limit {
		return nil
	}
	all := make([]class, 0, n)
	rows := make([]int, 0, n)
	for i := range n {
		if q := int(s.qual[i]); q == UnknownQuality || q >= windowQuality {
			all, rows = append(all, s.pdq.at(i)), append(rows, i)
		}
	}
	alike := make([]bool, len(all))
	for i, row := range rows {
		alike[i] = s.owner[row].ref&sharedRow != 0
	}
	p := pieces{heads: make([]int32, 1<<16), next: make([]int32, len(all))}
	for k := range 16 {
		p.fill(all, k)
		for i := range all {
			if i%1024 == 0 && ctx.Err() != nil {
				return nil
			}
			p.each(piece(&all[i], k), int32(i), func(j int32) {
				if alike[i] && alike[j] || all[i].distance(&all[j]) > lookAlikeRadius {
					return
				}
				if s.owner[rows[i]].rival(s.owner[rows[j]].refID()) {
					alike[i], alike[j] = true, true
				}
			})
		}
	}
	count := 0
	for _, is := range alike {
		if is {
			count++
		}
	}
	return &count
}

// piece is the k-th of 16 pieces of a hash.
func piece(c *class, k int) uint16 { return uint16(c[k/4] >> (k % 4 * 16)) }

// pieces are lists of the hashes that have the same piece, the last one first.
type pieces struct {
	heads, next []int32 // 1 + the number of a hash; 0 ends a list
}

func (p *pieces) fill(all []class, k int) {
	clear(p.heads)
	for i := range all {
		at := piece(&all[i], k)
		p.next[i], p.heads[at] = p.heads[at], int32(i)+1
	}
}

// each visits the hashes behind i of which the piece differs in one bit at most.
func (p *pieces) each(at uint16, i int32, visit func(j int32)) {
	for bit := -1; bit < bits.Len16(^uint16(0)); bit++ {
		other := at
		if bit >= 0 {
			other ^= 1 << bit
		}
		for j := p.heads[other] - 1; j > i; j = p.next[j] - 1 {
			visit(j)
		}
	}
}
