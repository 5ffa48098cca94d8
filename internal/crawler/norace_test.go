//go:build !race

package crawler

const raceFactor = 1
