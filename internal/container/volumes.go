package container

import "io"

// Part is one volume of a split archive; At is nil when it is missing.
type Part struct {
	Name string
	At   io.ReaderAt
	Size int64
}
