package seen

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
)

// A manifest as stored: first u32, last u32, blocks u32, lines u32, place. A
// place has one; what it states anew goes behind what it stated before, so that
// a listing that is looked at each hour costs only its changes.
type manifest struct {
	first, last   uint32
	blocks, lines uint32
	place         place
}

func (m *manifest) encode() []byte {
	var b []byte
	for _, n := range []uint32{m.first, m.last, m.blocks, m.lines} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return m.place.append(b)
}

func decodeManifest(value []byte) (m manifest, err error) {
	in := reading(value)
	m.first, m.last, m.blocks, m.lines = in.uint32(), in.uint32(), in.uint32(), in.uint32()
	m.place = in.place()
	if in.Bad || len(in.Rest) > 0 {
		return manifest{}, fmt.Errorf("%w: a manifest's record of %d bytes", ErrDamaged, len(value))
	}
	return m, nil
}

func loadManifest(tx *kv.Tx, number uint32) (manifest, error) {
	value := bucket(tx, "manifests").Get(key32(number))
	if value == nil {
		return manifest{}, fmt.Errorf("%w: manifest %d is not there", ErrDamaged, number)
	}
	return decodeManifest(value)
}

// maxLines is how many lines of one place are kept; what comes later is left
// out.
const maxLines = 2_000_000

// NoteManifest remembers what a container or a listing states. Lines that the
// same place stated before are not kept twice. Durable when it returns.
func (s *Seen) NoteManifest(ctx context.Context, p Place, at time.Time, lines []container.Line) error {
	if err := ctx.Err(); err != nil || len(lines) == 0 {
		return err
	}
	s.manifests.Lock()
	defer s.manifests.Unlock()
	if err := s.noteManifest(p.cut(), at, lines); err != nil {
		return fmt.Errorf("note what was stated: %w", err)
	}
	return nil
}

func (s *Seen) noteManifest(p Place, at time.Time, lines []container.Line) error {
	sum := p.sum()
	key := sum[:16]
	stated := map[[8]byte]bool{}
	err := s.db.View(func(tx *kv.Tx) error {
		number := bucket(tx, "manifestof").Get(key)
		if number == nil {
			return nil
		}
		return eachBlock(tx, number, func(old []container.Line) error {
			for i := range old {
				stated[lineSum(&old[i])] = true
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	blocks, n, err := packNew(stated, lines)
	if err != nil {
		return err
	}
	var w *writing
	err = s.db.Batch(func(tx *kv.Tx) error {
		w = &writing{tx, map[string]uint32{}}
		return s.putManifest(w, key, p, seconds(at), blocks, n)
	})
	if err == nil {
		s.learn(w)
	}
	return err
}

// packNew packs the lines that were not stated before.
func packNew(stated map[[8]byte]bool, lines []container.Line) (blocks []block, n int, err error) {
	p, err := newPacker()
	if err != nil {
		return nil, 0, err
	}
	var fresh []container.Line
	room := maxLines - len(stated)
	flush := func() {
		if len(fresh) == 0 {
			return
		}
		b, err2 := p.pack(fresh)
		blocks, err, n, fresh = append(blocks, b), errors.Join(err, err2), n+len(fresh), fresh[:0]
	}
	for i := range lines {
		sum := lineSum(&lines[i])
		if stated[sum] || room <= 0 {
			continue
		}
		stated[sum] = true
		room--
		if fresh = append(fresh, lines[i]); len(fresh) == blockLines {
			flush()
		}
	}
	flush()
	return blocks, n, err
}

func lineSum(l *container.Line) (out [8]byte) {
	sum := sha256.Sum256(appendLine(nil, l))
	copy(out[:], sum[:])
	return out
}

func (s *Seen) putManifest(w *writing, key []byte, p Place, at uint32, blocks []block, lines int) (err error) {
	all, of := bucket(w.tx, "manifests"), bucket(w.tx, "manifestof")
	number := of.Get(key)
	var m manifest
	if number != nil {
		m, err = loadManifest(w.tx, binary.BigEndian.Uint32(number))
	} else {
		m = manifest{first: at, last: at}
		number = key32(uint32(all.Sequence()))
		_, err1 := all.NextSequence()
		m.place, err = s.placeOf(w, &p)
		err = errors.Join(err, err1, of.Put(key, number))
	}
	if err != nil {
		return err
	}
	packed, keys := bucket(w.tx, "lines"), bucket(w.tx, "linekeys")
	for _, b := range blocks {
		k := binary.BigEndian.AppendUint32(append([]byte(nil), number...), m.blocks)
		if err := errors.Join(packed.Put(k, b.packed), keys.Put(k, b.keys)); err != nil {
			return err
		}
		m.blocks++
	}
	m.first, m.last, m.lines = min(m.first, at), max(m.last, at), m.lines+uint32(lines)
	return all.Put(append([]byte(nil), number...), m.encode())
}

// eachBlock visits the lines of a manifest.
func eachBlock(tx *kv.Tx, number []byte, visit func([]container.Line) error) error {
	c := bucket(tx, "lines").Cursor()
	for k, v := c.Seek(number); len(k) == 8 && string(k[:4]) == string(number); k, v = c.Next() {
		lines, err := unpack(v)
		if err == nil {
			err = visit(lines)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Manifest returns one of all that are remembered, by its number from 0 on;
// false behind the last one.
func (s *Seen) Manifest(number int) (out Manifest, known bool, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		if number < 0 || uint64(number) >= bucket(tx, "manifests").Sequence() {
			return nil
		}
		known = true
		m, err := loadManifest(tx, uint32(number))
		if err != nil {
			return err
		}
		out.First, out.Last = when(m.first), when(m.last)
		if out.Place, err = s.told(tx, &m.place); err != nil {
			return err
		}
		out.Lines = make([]container.Line, 0, min(m.lines, maxLines))
		return eachBlock(tx, key32(uint32(number)), func(lines []container.Line) error {
			out.Lines = append(out.Lines, lines...)
			return nil
		})
	})
	if err != nil {
		return Manifest{}, false, fmt.Errorf("read what was stated: %w", err)
	}
	return out, known, nil
}
