//go:build amd64 && !purego

package match

import "golang.org/x/sys/cpu"

// kernelOne and kernelEight are oneGo and eightGo, by the CPU's best means.

func kernelOne(g *group, t *tally, offsets []uint32, near *[lineWords]uint64) {
	if !cpu.X86.HasAVX2 || len(offsets) == 0 {
		oneGo(g, t, offsets, near)
		return
	}
	oneAVX2(g, t, &offsets[0], near)
}

func kernelEight(g *group, t *[8]tally, offsets []uint32, near *[lineWords]uint64) {
	if !cpu.X86.HasAVX2 || len(offsets) == 0 {
		eightGo(g, t, offsets, near)
		return
	}
	eightAVX2(g, t, &offsets[0], near)
}

// The offsets are trusted: as many as the blocks of the tallies say, each
// within a group.

//go:noescape
func oneAVX2(planes *group, t *tally, offsets *uint32, near *[lineWords]uint64)

//go:noescape
func eightAVX2(planes *group, t *[8]tally, offsets *uint32, near *[lineWords]uint64)
