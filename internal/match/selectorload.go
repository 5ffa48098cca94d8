package match

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

const maxSelectors = 1_000_000 // of one set

// LoadSelectors gives a set selectors in place of those that it had, all or
// nothing; its pictures stay, and where there is no set of the name, one of
// selectors alone is made. It is the next version of the set. keyed stores
// HMACs and not what the list says. Bad rows are returned as *RowErrors; by and
// sourceSHA256 are as for Load.
func (s *Sets) LoadSelectors(ctx context.Context, name string, rows iter.Seq2[Selector, error], keyed bool, by string, sourceSHA256 func() string) (Set, error) {
	if !validName(name) {
		return Set{}, fmt.Errorf("%q: %w", name, ErrBadName)
	}
	if err := s.lock(name); err != nil {
		return Set{}, err
	}
	defer s.unlock(name)
	l := newSelectorLoad(s.letters(), keyed)
	if err := l.read(ctx, rows); err != nil {
		return Set{}, err
	}
	if err := l.selfTest(s.letters()); err != nil {
		return Set{}, fmt.Errorf("selectors of hash set %s fail their self-test: %w", name, err)
	}
	var err error
	if l.record.ID, err = s.putSelectors(ctx, l.blocks); err == nil {
		var set Set
		var old []uint64
		if set, old, err = s.takeSelectors(l, name, by, sourceSHA256); err == nil {
			s.clearLater(name, old)
			if len(l.report.Rows) > 0 {
				set.Notes = &l.report
			}
			return set, nil
		}
	}
	s.clearLater(name, []uint64{l.record.ID}) // a crash before this leaves it to sweep
	return Set{}, fmt.Errorf("store selectors of hash set %s: %w", name, err)
}

// clearLater clears what nobody names; what cannot be cleared now is by the
// next Open.
func (s *Sets) clearLater(name string, ids []uint64) {
	if err := s.clear(ids...); err != nil {
		s.now.Load().options.Log.Warn("old rows of a hash set stay until the next start", "set", name, "err", err)
	}
}

// takeSelectors makes the next version of a set of its rows and the selectors
// that were stored.
func (s *Sets) takeSelectors(l *selectorLoad, name, by string, sourceSHA256 func() string) (set Set, old []uint64, err error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	v := s.now.Load()
	r := record{Set: Set{Name: name, State: "active", DetailKind: Hashes}}
	if seg := v.find(name); seg != nil {
		r = seg.record
		r.Before = nil
	}
	r.Selectors = &l.record
	r.Set.Selectors, r.Set.SourceSHA256 = l.index.len(), nil
	r.Set.LoadedAt, r.Set.LoadedBy = now(), by
	if sourceSHA256 != nil {
		r.Set.SourceSHA256 = some(sourceSHA256())
	}
	seg, err := s.build(r, v.own[name])
	if err != nil {
		return Set{}, nil, err
	}
	if old, err = s.flip(&r); err != nil {
		return Set{}, nil, err
	}
	seg.record = r
	s.publish(name, seg, v.own[name])
	return s.now.Load().told(seg), old, nil
}

// selectorLoad is one load of selectors on its way.
type selectorLoad struct {
	record selectorRecord
	page   *page
	tagger *tagger
	index  *selectors
	blocks [][]byte
	block  []byte // with room for its sum; nil: none
	values []string
	lines  map[string]int // of each normal form
	kinds  map[string]uint8
	report RowErrors
	rows   int
}

func newSelectorLoad(letters *glyphs, keyed bool) *selectorLoad {
	l := &selectorLoad{page: &page{glyphs: letters}, lines: map[string]int{}, kinds: map[string]uint8{}}
	l.record = selectorRecord{Keyed: keyed, Key: newKey(), Kinds: []string{}}
	l.tagger, l.index = newTagger(l.record.Key), &selectors{key: l.record.Key}
	if !keyed {
		l.record.Key = nil // it serves this load alone
	}
	return l
}

func (l *selectorLoad) read(ctx context.Context, rows iter.Seq2[Selector, error]) error {
	for sel, err := range rows {
		if l.rows++; l.rows%progressRows == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var bad *RowError
		switch {
		case errors.As(err, &bad):
			l.report.add(bad)
			continue
		case err != nil:
			return fmt.Errorf("read selectors: %w", err)
		case l.index.len() == maxSelectors:
			return fmt.Errorf("more than %d selectors: load them as several sets", maxSelectors)
		}
		if reason := l.add(&sel); reason != "" {
			l.report.add(&RowError{Path: cmp.Or(sel.From, "row"), Line: l.lineOf(&sel), Reason: reason})
		}
	}
	switch {
	case l.report.Bad > 0:
		return &l.report
	case l.index.len() == 0:
		return ErrNoRows
	}
	l.endBlock()
	l.index.end()
	return nil
}

func (l *selectorLoad) lineOf(sel *Selector) int { return cmp.Or(sel.Line, l.rows) }

// add takes a selector, or says why not. A double is a note.
func (l *selectorLoad) add(sel *Selector) (reason string) {
	n, reason := sel.settle(l.page)
	if reason != "" {
		return reason
	}
	kind, known := l.kinds[sel.Kind]
	if !known {
		if len(l.kinds) == kindsAtMost {
			return fmt.Sprintf("more than %d kinds of selectors", kindsAtMost)
		}
		kind = uint8(len(l.kinds))
		l.kinds[sel.Kind] = kind
		l.record.Kinds = append(l.record.Kinds, sel.Kind)
	}
	name := string(n.forms[0].class) + string(n.canon)
	if line, double := l.lines[name]; double {
		l.report.add(&RowError{Path: cmp.Or(sel.From, "row"), Line: l.lineOf(sel), Note: true, Reason: fmt.Sprintf("a double: the selector of line %d again, as they are compared", line)})
		return ""
	}
	l.lines[name] = l.lineOf(sel)
	forms := n.keyed(l.tagger)
	l.index.add(kind, forms)
	l.values = append(l.values, n.value)
	if l.block == nil {
		l.block = make([]byte, 4)
	}
	if l.record.Keyed {
		l.block = appendKeyed(l.block, kind, forms)
	} else {
		l.block = appendPlain(l.block, kind, sel.Value)
	}
	if l.index.len()%blockRows == 0 {
		l.endBlock()
	}
	return ""
}

func (l *selectorLoad) endBlock() {
	if l.block != nil {
		binary.LittleEndian.PutUint32(l.block, checksum(l.block[4:]))
		l.blocks, l.block = append(l.blocks, l.block), nil
	}
}

// selfTest lets each selector find itself as the list writes it.
func (l *selectorLoad) selfTest(letters *glyphs) error {
	s := &scan{set: l.index, page: &page{glyphs: letters}, tagger: l.tagger}
	for i, value := range l.values {
		s.begin()
		s.run([]byte(value))
		if _, found := s.distinct[uint32(i)]; !found {
			return fmt.Errorf("selector %d does not find itself", i+1)
		}
	}
	return nil
}
