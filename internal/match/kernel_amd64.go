//go:build amd64 && !purego

package match

import "golang.org/x/sys/cpu"

// kernelOne and kernelEight are oneGo and eightGo, by the CPU's best means.

func kernelOne(g *group, t *counter, offsets []uint32, near *[lineWords]uint64) {
	switch {
	case len(offsets) == 0 || !cpu.X86.HasAVX2:
		oneGo(g, t, offsets, near)
	case cpu.X86.HasAVX512F:
		oneAVX512(g, t, &offsets[0], near)
	default:
		oneAVX2(g, t, &offsets[0], near)
	}
}

func kernelEight(g *group, t *[8]counter, offsets []uint32, near *[lineWords]uint64) {
	switch {
	case len(offsets) == 0 || !cpu.X86.HasAVX2:
		eightGo(g, t, offsets, near)
	case cpu.X86.HasAVX512F:
		eightAVX512(g, t, &offsets[0], near)
	default:
		eightAVX2(g, t, &offsets[0], near)
	}
}

// The offsets are trusted: as many as the blocks of the counters say, each
// within a group.

//go:noescape
func oneAVX2(planes *group, t *counter, offsets *uint32, near *[lineWords]uint64)

//go:noescape
func eightAVX2(planes *group, t *[8]counter, offsets *uint32, near *[lineWords]uint64)

//go:noescape
func oneAVX512(planes *group, t *counter, offsets *uint32, near *[lineWords]uint64)

//go:noescape
func eightAVX512(planes *group, t *[8]counter, offsets *uint32, near *[lineWords]uint64)
