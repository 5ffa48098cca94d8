package match

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"time"

	"leakwatch/internal/phash"
)

const (
	maxRows      = 10_000_000 // of one load
	chunkBlocks  = 20         // blocks that one transaction writes: 20,480 rows
	progressRows = 1000
	maxDetail    = 16 << 20 // bytes of keypoints and thumbprints that one transaction writes, or a little more
	selfTests    = 64       // entries that must find themselves before a load counts
)

// Load reads a set, all or nothing: it becomes the next version of name once
// every row is good, stored and found by the index, and is then effective for
// the next search; until then, and after any error, the version before stands.
//
// rows that are *RowError are collected, and returned together as *RowErrors;
// any other error of rows ends the load. by is who loads, sourceSHA256 is asked
// for the digest of the source once rows has ended, progress is told the rows
// read so far. Both may be nil.
func (s *Sets) Load(ctx context.Context, name string, rows iter.Seq2[Entry, error], by string, sourceSHA256 func() string, progress func(n int)) (Set, error) {
	if !validName(name) {
		return Set{}, fmt.Errorf("%q: %w", name, ErrBadName)
	}
	if err := s.lock(name); err != nil {
		return Set{}, err
	}
	defer s.unlock(name)

	l := newLoader(s, name, progress)
	flipped := false
	defer func() {
		if !flipped {
			l.undo() // a crash before this leaves it to sweep
		}
	}()
	if err := l.read(ctx, rows); err != nil {
		return Set{}, err
	}
	r := l.record(name, by)
	if sourceSHA256 != nil {
		if sum := sourceSHA256(); sum != "" {
			r.Set.SourceSHA256 = &sum
		}
	}
	seg := l.index.segment(r)
	r.Set.ManifestEntries = seg.manifest
	r.Set.Entries = r.Rows - seg.manifest
	r.Set.LookAlikes = seg.lookAlikes(ctx, loadLookAlikes)
	if err := s.selfTest(seg); err != nil {
		return Set{}, fmt.Errorf("hash set %s fails its self-test: %w", name, err)
	}
	if err := ctx.Err(); err != nil {
		return Set{}, err
	}
	set, old, err := s.take(l, seg, r)
	if err != nil {
		return Set{}, fmt.Errorf("store hash set %s: %w", name, err)
	}
	flipped = true
	s.clearLater(name, old) // the set is loaded all the same
	set.Notes = l.notes()
	return set, nil
}

// take makes what was loaded the current version, and returns the rows that
// nobody names any more.
func (s *Sets) take(l *loader, seg *segment, r record) (set Set, old []uint64, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	name := r.Set.Name
	o := s.now.Load().own[name]
	if o != l.index.own { // an entry was marked while the load went on
		if seg, err = s.build(r, o); err != nil {
			return Set{}, nil, err
		}
	}
	if before := s.now.Load().find(name); before != nil { // its selectors stay
		r.Selectors, r.Set.Selectors = before.record.Selectors, before.record.Set.Selectors
		seg.selectors = before.selectors
	}
	if old, err = s.flip(&r); err != nil {
		return Set{}, nil, err
	}
	seg.record = r
	s.publish(name, seg, o)
	v := s.now.Load()
	return v.told(seg), old, nil
}

// loader is one load on its way.
type loader struct {
	sets     *Sets
	progress func(int)
	report   RowErrors
	bad      bool // a row was bad: nothing more is written

	rows  int // read, good or bad
	block block
	rich  detailed
	chunk [][]byte
	id    uint64 // of the bucket of rows, 0 before the first chunk
	next  uint64 // number of the next block to write

	index      *builder
	seed       maphash.Seed
	refs       map[uint64]uint32 // digest of a ref -> first entry
	shas       map[uint64]uint32 // first 8 bytes of a SHA-256 -> first entry
	lines      []uint32          // of each entry
	duplicates int
	pdqs, skew int    // PDQ hashes, and by how many set bits they miss 128 together: about 1 each
	from       string // the file of the entry read last
}

func newLoader(s *Sets, name string, progress func(int)) *loader {
	if progress == nil {
		progress = func(int) {}
	}
	return &loader{sets: s, progress: progress, index: newBuilder(0, s.now.Load().own[name]), seed: maphash.MakeSeed(), refs: map[uint64]uint32{}, shas: map[uint64]uint32{}}
}

// read takes all rows and writes them under an ID that no record names.
func (l *loader) read(ctx context.Context, rows iter.Seq2[Entry, error]) error {
	for e, err := range rows {
		if l.rows%progressRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if l.rows > 0 {
				l.progress(l.rows)
			}
		}
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			l.tell(bad)
			if bad.Note {
				continue // not a row: a word about one
			}
		case err != nil:
			return fmt.Errorf("read rows: %w", err)
		default:
			if err := l.add(&e); err != nil {
				return err
			}
		}
		if l.rows++; l.rows > l.sets.maxRows {
			return fmt.Errorf("more than %d rows: load them as several sets", l.sets.maxRows)
		}
	}
	l.progress(l.rows)
	if l.pdqs >= 20 && l.skew >= 4*l.pdqs {
		l.tell(&RowError{Path: l.from, Line: l.rows, Note: true, Reason: "these hashes are not cut at a median, as PDQ is: is the list one of SHA-256? Then write sha256 over the column"})
	}
	switch {
	case l.bad:
		return &l.report
	case l.rows == 0:
		return ErrNoRows
	}
	return l.flush(true)
}

// tell keeps a row's error or note for the report.
func (l *loader) tell(e *RowError) {
	l.bad = l.bad || !e.Note
	l.report.add(e)
}

// add settles one entry, indexes it and puts it into the block.
func (l *loader) add(e *Entry) error {
	l.from = cmp.Or(e.From, "row")
	if reason := e.settle(); reason != "" {
		l.tell(&RowError{Path: l.from, Line: l.lineOf(e), Reason: reason})
		return nil
	}
	self := uint32(l.index.entries)
	twin := self
	if first, known := l.refs[maphash.String(l.seed, e.Ref)]; known {
		twin = first
	} else {
		l.refs[maphash.String(l.seed, e.Ref)] = self
	}
	from := len(l.block.rows)
	l.rich.add(e, self, l.block.len())
	l.block.add(e, self, twin)
	r, ok := parseRow(l.block.rows[from:])
	if !ok {
		return errors.New("corrupt: a packed row cannot be read back")
	}
	first, double := l.index.add(&r)
	l.index.addWindows(e.Windows, self)
	if r.sha256 != nil {
		prefix := binary.BigEndian.Uint64(r.sha256)
		if at, known := l.shas[prefix]; known {
			first, double = at, true
		} else {
			l.shas[prefix] = self
		}
	}
	if e.PDQ != nil {
		l.pdqs++
		set := e.PDQ.Distance(phash.PDQ{})
		l.skew += max(set-128, 128-set)
	}
	l.lines = append(l.lines, uint32(l.lineOf(e)))
	if double {
		l.duplicates++
		l.tell(&RowError{Path: l.from, Line: l.lineOf(e), Note: true, Reason: fmt.Sprintf("a double: the picture of line %d again", l.lines[first])})
	}
	if l.block.len() == blockRows || l.rich.bytes >= maxDetail {
		return l.flush(false)
	}
	return nil
}

// lineOf is where e stood, or its number where it came from no file.
func (l *loader) lineOf(e *Entry) int {
	if e.Line > 0 {
		return e.Line
	}
	return l.rows + 1
}

// flush packs the block and writes the chunk when it is full, or at the end.
// After a bad row it only empties them: the load is refused in any case.
func (l *loader) flush(end bool) error {
	if l.block.len() == blockRows || end && l.block.len() > 0 {
		l.rich.endBlock(l.next + uint64(len(l.chunk)))
		l.chunk = append(l.chunk, l.block.pack())
	}
	if l.bad {
		l.chunk, l.rich = nil, detailed{}
	}
	full := len(l.chunk) >= chunkBlocks || l.rich.bytes >= maxDetail
	if len(l.chunk) == 0 && l.rich.bytes == 0 || !full && !end {
		return nil
	}
	if l.id == 0 {
		id, err := l.sets.newRows()
		if err != nil {
			return fmt.Errorf("store rows: %w", err)
		}
		l.id = id
	}
	if err := errors.Join(l.sets.putBlocks(l.id, l.next, l.chunk), l.rich.write(l.sets, l.id)); err != nil {
		return fmt.Errorf("store rows: %w", err)
	}
	l.next += uint64(len(l.chunk))
	l.chunk = nil
	return nil
}

func (l *loader) undo() {
	if err := l.sets.clear(l.id); err != nil {
		l.sets.now.Load().options.Log.Warn("rows of a refused load stay until the next start", "err", err)
	}
}

func (l *loader) record(name, by string) record {
	return record{ID: l.id, Rows: l.index.entries, Set: Set{
		Name: name, State: "active", DetailKind: cmp.Or(l.rich.level, Hashes),
		Refs: len(l.refs), Duplicates: l.duplicates,
		LoadedAt: time.Now().UTC().Truncate(time.Second), LoadedBy: by,
	}}
}

func (l *loader) notes() *RowErrors {
	if len(l.report.Rows) == 0 {
		return nil
	}
	return &l.report
}

// selfTest reads entries back from the store and lets each find itself.
func (s *Sets) selfTest(seg *segment) error {
	n := uint32(seg.record.Rows)
	step := max(n/selfTests, 1)
	for i := uint32(0); i < n; i += step {
		if err := s.findSelf(seg, i); err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return s.findSelf(seg, n-1)
}

// findSelf looks for entry i by all that the index knows of it.
func (s *Sets) findSelf(seg *segment, i uint32) error {
	e, err := s.entry(seg.record.ID, i)
	if err != nil || seg.marked[e.Ref] > 0 {
		return err
	}
	if e.SHA256 != "" {
		sum, err := hex.DecodeString(e.SHA256)
		if err != nil || !slices.Contains(seg.lookup([32]byte(sum)), i) {
			return errors.New("its SHA-256 is not found")
		}
	}
	always := func(int) bool { return true }
	switch {
	case e.PDQ != nil:
		row, _, _ := seg.pdq.nearest(newBatch([8]phash.PDQ{*e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ, *e.PDQ}), 0, always)
		if row < 0 || seg.owner[row].entry > i {
			return errors.New("its PDQ hash is not found")
		}
	case e.PHash != nil && !useless(uint64(*e.PHash)):
		row, _, _ := nearestPHash(seg.phash, &[8]phash.PHash{*e.PHash}, 0, always)
		if row < 0 || seg.phashOwner[row].entry > i {
			return errors.New("its pHash is not found")
		}
	}
	return nil
}
