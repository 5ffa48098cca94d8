//go:build race

package crawler

// raceFactor is how much longer the race detector may take.
const raceFactor = 10
