package match

import (
	"fmt"
	"strings"
)

// maxReport is how many rows a report names one by one.
const maxReport = 100

// RowError is a row that cannot be taken, or a note about one that can.
type RowError struct {
	Path   string // "-" is stdin
	Line   int    // counted from 1
	Reason string
	Note   bool // the row is taken all the same
}

func (e *RowError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason) }

// RowErrors is the report of a load: its bad rows and the notes about others,
// in their order. As an error it means that nothing was loaded.
type RowErrors struct {
	Rows      []*RowError // at most 100 bad rows and 100 notes
	Bad       int         // all bad rows
	Notes     int         // all notes
	shownBad  int
	shownNote int
}

func (r *RowErrors) add(e *RowError) {
	all, shown := &r.Bad, &r.shownBad
	if e.Note {
		all, shown = &r.Notes, &r.shownNote
	}
	*all++
	if *shown < maxReport {
		*shown++
		r.Rows = append(r.Rows, e)
	}
}

// Error gives a line for each row and says how many more there are.
func (r *RowErrors) Error() string {
	var b strings.Builder
	for i, e := range r.Rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Error())
	}
	if n := r.Bad - r.shownBad; n > 0 {
		fmt.Fprintf(&b, "\nand %d more bad rows", n)
	}
	if n := r.Notes - r.shownNote; n > 0 {
		fmt.Fprintf(&b, "\nand %d more notes", n)
	}
	return b.String()
}
