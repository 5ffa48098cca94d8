package match

// rows are hashes to be searched. They never change.
type rows struct {
	hashes []class
}

func makeRows(hashes []class) rows { return rows{fit(hashes)} }

func (r *rows) len() int { return len(r.hashes) }

// at returns row i.
func (r *rows) at(i int) class { return r.hashes[i] }

func (r *rows) memory() int64 { return int64(cap(r.hashes)) * 32 }
