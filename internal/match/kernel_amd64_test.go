//go:build !purego

package match

import (
	"testing"

	"golang.org/x/sys/cpu"
)

// otherKernels are those that this machine has besides the one it uses.
func otherKernels(t *testing.T, check func(name string, one kernelOneFunc, eight kernelEightFunc)) {
	t.Helper()
	if cpu.X86.HasAVX2 {
		check("AVX2", func(g *group, s *single, near *[lineWords]uint64) {
			oneAVX2(g, &s.counter, &s.offsets[0], near)
		}, func(g *group, p *plan, near *[lineWords]uint64) {
			eightAVX2(g, &p.sums, &p.sumOf[0], near)
		})
	}
}
