//go:build !amd64 || purego

package match

func kernelOne(g *group, t *counter, offsets []uint32, near *[lineWords]uint64) {
	oneGo(g, t, offsets, near)
}

func kernelEight(g *group, t *[8]counter, offsets []uint32, near *[lineWords]uint64) {
	eightGo(g, t, offsets, near)
}
