package match

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"leakwatch/internal/kv"
)

// Selectors lie beside the rows of their set, under an ID of their own, so that
// either can be loaded anew without the other:
//
//	selectors/ID/BLOCK => crc32c, 4 bytes; then 1,024 selectors
//
// A selector is its kind, 1 byte, and, where the set is plain, its length as
// varint and the value as the list wrote it. Where it is keyed, how many forms
// it has, 1 byte, and for each its length, 1 byte, its shape, 8 bytes little
// endian, and the first 16 bytes of its HMAC-SHA256. So neither what shape
// hashes nor the normal form may change without a migration.
const selectorsBucket = "selectors"

// selectorRecord is what the store knows of the selectors of a version.
type selectorRecord struct {
	ID    uint64   `json:"id"`
	Keyed bool     `json:"keyed"`
	Key   []byte   `json:"key,omitempty"` // of a keyed set; it lies with the set, see docs/decisions.md
	Kinds []string `json:"kinds"`         // that the kind of a selector numbers
}

const (
	keyBytes      = 32
	kindsAtMost   = 255
	selectorsInTx = 64 // blocks that one transaction writes
)

// newKey is a key for HMACs.
func newKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails
	return key
}

// putSelectors stores blocks of selectors under an ID that no record names.
func (s *Sets) putSelectors(ctx context.Context, blocks [][]byte) (id uint64, err error) {
	err = s.db.Update(func(tx *kv.Tx) error {
		if id, err = tx.Bucket([]byte(rowsBucket)).NextSequence(); err != nil { // rows and selectors share the numbers
			return err
		}
		_, err = tx.Bucket([]byte(selectorsBucket)).CreateBucket(key(id))
		return err
	})
	for at := 0; err == nil && at < len(blocks); at += selectorsInTx {
		if err = ctx.Err(); err != nil {
			break
		}
		err = s.db.Update(func(tx *kv.Tx) error {
			b := tx.Bucket([]byte(selectorsBucket)).Bucket(key(id))
			if b == nil {
				return fmt.Errorf("selectors %d: %w", id, ErrDamaged)
			}
			b.FillPercent = fillPercent
			for i, v := range blocks[at:min(at+selectorsInTx, len(blocks))] {
				if err := b.Put(key(uint64(at+i)), v); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return id, err
}

// appendPlain packs a selector of a plain set.
func appendPlain(b []byte, kind uint8, value string) []byte {
	return append(binary.AppendUvarint(append(b, kind), uint64(len(value))), value...)
}

// appendKeyed packs a selector of a keyed set.
func appendKeyed(b []byte, kind uint8, forms []keyed) []byte {
	b = append(b, kind, byte(len(forms)))
	for _, f := range forms {
		b = append(binary.LittleEndian.AppendUint64(append(b, f.n), f.shape), f.tag[:]...)
	}
	return b
}

var errSelectors = errors.New("a block of selectors")

// takePlain is what appendPlain packed, and what stands after it.
func takePlain(b []byte) (kind uint8, value string, rest []byte, err error) {
	if len(b) < 2 {
		return 0, "", nil, errSelectors
	}
	n, k := binary.Uvarint(b[1:])
	if k <= 0 || n > uint64(len(b)-1-k) {
		return 0, "", nil, errSelectors
	}
	at := 1 + k
	return b[0], string(b[at : at+int(n)]), b[at+int(n):], nil
}

// takeKeyed is what appendKeyed packed, and what stands after it.
func takeKeyed(b []byte) (kind uint8, forms []keyed, rest []byte, err error) {
	const size = 1 + 8 + 16
	if len(b) < 2 || b[1] == 0 || len(b) < 2+int(b[1])*size {
		return 0, nil, nil, errSelectors
	}
	kind, n := b[0], int(b[1])
	for b = b[2:]; n > 0; n, b = n-1, b[size:] {
		f := keyed{n: b[0], shape: binary.LittleEndian.Uint64(b[1:]), tag: tag(b[9:size])}
		if f.n < 1 || f.n > maxCanon || f.shape == 0 {
			return 0, nil, nil, errSelectors
		}
		forms = append(forms, f)
	}
	return kind, forms, b, nil
}

// readSelectors reads the selectors of a version; nil where it has none.
func (s *Sets) readSelectors(r record) (*selectors, error) {
	if r.Selectors == nil {
		return nil, nil
	}
	b := newSelectorBuilder(s.letters(), r.Selectors)
	err := s.db.View(func(tx *kv.Tx) error {
		blocks := tx.Bucket([]byte(selectorsBucket)).Bucket(key(r.Selectors.ID))
		if blocks == nil {
			return fmt.Errorf("selectors %d are missing: %w", r.Selectors.ID, ErrDamaged)
		}
		number, c := uint64(0), blocks.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			v, err := summed(v)
			if err != nil || len(k) != 8 || numberOf(k) != number {
				return fmt.Errorf("block %d of selectors: %w", number, ErrDamaged)
			}
			if err := b.addBlock(v); err != nil {
				return fmt.Errorf("%w: %w", err, ErrDamaged)
			}
			number++
		}
		return nil
	})
	if err == nil && b.index.len() != r.Set.Selectors {
		err = fmt.Errorf("%d selectors of %d: %w", b.index.len(), r.Set.Selectors, ErrDamaged)
	}
	if err != nil {
		return nil, err
	}
	b.index.end()
	return b.index, nil
}

// selectorBuilder makes an index of stored selectors.
type selectorBuilder struct {
	index  *selectors
	keyed  bool
	page   *page
	tagger *tagger
}

func newSelectorBuilder(letters *glyphs, r *selectorRecord) *selectorBuilder {
	hmacKey := r.Key
	if !r.Keyed {
		hmacKey = newKey()
	}
	return &selectorBuilder{
		index: &selectors{key: hmacKey, kinds: r.Kinds}, keyed: r.Keyed,
		page: &page{glyphs: letters}, tagger: newTagger(hmacKey),
	}
}

func (b *selectorBuilder) addBlock(v []byte) error {
	for len(v) > 0 {
		kind, forms, rest, err := uint8(0), []keyed(nil), v, error(nil)
		if b.keyed {
			kind, forms, rest, err = takeKeyed(v)
		} else {
			var value string
			if kind, value, rest, err = takePlain(v); err == nil {
				forms, err = b.formsOf(kind, value)
			}
		}
		if err != nil || int(kind) >= len(b.index.kinds) {
			return errSelectors
		}
		b.index.add(kind, forms)
		v = rest
	}
	return nil
}

// formsOf are the forms of a selector that is stored plain.
func (b *selectorBuilder) formsOf(kind uint8, value string) ([]keyed, error) {
	if int(kind) >= len(b.index.kinds) {
		return nil, errSelectors
	}
	sel := Selector{Kind: b.index.kinds[kind], Value: value}
	n, reason := sel.settle(b.page)
	if reason != "" {
		return nil, fmt.Errorf("%w: %s", errSelectors, reason)
	}
	return n.keyed(b.tagger), nil
}
