package match

import (
	"encoding/binary"
	"fmt"

	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// The detail of entries lies beside their rows, so that an entry without any
// costs nothing. Numbers are little endian, the keys big endian:
//
//	windows/ID/BLOCK => crc32c, 4 bytes; then for each entry of the block of
//	                    1,024 that has any: its number in the block, 2 bytes, a
//	                    mask of its windows, 8 bytes, and 32 bytes for each
//	details/ID/ENTRY => crc32c, 4 bytes; width, height, 4 bytes each; flags, 1
//	                    byte; the thumbprint, 4,096 bytes; the keypoints as
//	                    phash.Points writes them
//
// Windows are read into the index at the start, details only when an entry is
// looked at closely.
const (
	windowsBucket = "windows"
	detailsBucket = "details"
)

const (
	hasThumb = 1 << iota
	hasPoints
)

// appendWindows packs the windows of entry i of a block.
func appendWindows(b []byte, i int, windows []*phash.PDQ) []byte {
	at := len(b)
	b = append(binary.LittleEndian.AppendUint16(b, uint16(i)), make([]byte, 8)...)
	mask := uint64(0)
	for n, p := range windows {
		if p != nil {
			mask |= 1 << n
			b = append(b, p[:]...)
		}
	}
	binary.LittleEndian.PutUint64(b[at+2:], mask)
	return b
}

// eachWindow gives out the windows of a stored block, entry by entry.
func eachWindow(v []byte, yield func(i int, windows []*phash.PDQ)) error {
	v, err := summed(v)
	if err != nil {
		return fmt.Errorf("a block of windows: %w", err)
	}
	for len(v) > 0 {
		if len(v) < 10 {
			return fmt.Errorf("a block of windows: %w", ErrDamaged)
		}
		i, mask := int(binary.LittleEndian.Uint16(v)), binary.LittleEndian.Uint64(v[2:])
		v = v[10:]
		var windows []*phash.PDQ
		for n := range maxWindows {
			var p *phash.PDQ
			if mask>>n&1 != 0 {
				if len(v) < 32 {
					return fmt.Errorf("a block of windows: %w", ErrDamaged)
				}
				h := phash.PDQ(v[:32])
				p, v = &h, v[32:]
			}
			windows = append(windows, p)
		}
		yield(i, windows[:max(len(phash.EntryWindows()), topWindow(mask))])
	}
	return nil
}

// topWindow is how many windows a mask speaks of.
func topWindow(mask uint64) (n int) {
	for ; mask != 0; mask >>= 1 {
		n++
	}
	return n
}

// appendDetail packs what is looked at closely of an entry.
func appendDetail(b []byte, e *Entry) []byte {
	flags := byte(0)
	b = binary.LittleEndian.AppendUint32(append(b, 0, 0, 0, 0), uint32(e.Width))
	b = append(binary.LittleEndian.AppendUint32(b, uint32(e.Height)), 0)
	if e.Thumb != nil {
		flags |= hasThumb
		b = append(b, e.Thumb[:]...)
	}
	if e.Points != nil {
		flags |= hasPoints
		b = e.Points.AppendBinary(b)
	}
	b[12] = flags
	binary.LittleEndian.PutUint32(b, checksum(b[4:]))
	return b
}

// takeDetail fills the detail of e from a stored value.
func takeDetail(v []byte, e *Entry) error {
	v, err := summed(v)
	if err != nil || len(v) < 9 {
		return fmt.Errorf("detail of an entry: %w", ErrDamaged)
	}
	e.Width, e.Height = int(binary.LittleEndian.Uint32(v)), int(binary.LittleEndian.Uint32(v[4:]))
	flags := v[8]
	v = v[9:]
	if flags&hasThumb != 0 {
		if len(v) < len(e.Thumb) {
			return fmt.Errorf("detail of an entry: %w", ErrDamaged)
		}
		t := phash.Thumb(v[:len(e.Thumb)])
		e.Thumb, v = &t, v[len(e.Thumb):]
	}
	if flags&hasPoints != 0 {
		p, err := phash.ParsePoints(v)
		if err != nil {
			return fmt.Errorf("detail of an entry: %w: %w", ErrDamaged, err)
		}
		e.Points = &p
	}
	return nil
}

// summed checks the sum at the beginning of a value and cuts it off.
func summed(v []byte) ([]byte, error) {
	if len(v) < 4 || binary.LittleEndian.Uint32(v) != checksum(v[4:]) {
		return nil, ErrDamaged
	}
	return v[4:], nil
}

// detailOf reads what is stored of entry i of the rows of id beside its row and
// windows. An entry without any gives an Entry with none.
func (s *Sets) detailOf(id uint64, i uint32) (e Entry, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		b := tx.Bucket([]byte(detailsBucket)).Bucket(key(id))
		if b == nil {
			return nil
		}
		v := b.Get(key(uint64(i)))
		if v == nil {
			return nil
		}
		return takeDetail(v, &e)
	})
	return e, err
}

// addDetail fills in what the entries of a block bring beside their rows.
func (s *Sets) addDetail(id uint64, number int, entries []Entry) error {
	return s.db.View(func(tx *kv.Tx) error {
		windows := optional{tx.Bucket([]byte(windowsBucket)).Bucket(key(id))}
		if v := windows.get(key(uint64(number))); v != nil {
			err := eachWindow(v, func(i int, windows []*phash.PDQ) {
				if i < len(entries) {
					entries[i].Windows = windows
				}
			})
			if err != nil {
				return err
			}
		}
		details := optional{tx.Bucket([]byte(detailsBucket)).Bucket(key(id))}
		for i := range entries {
			v := details.get(key(uint64(number*blockRows + i)))
			if v == nil {
				continue
			}
			if err := takeDetail(v, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// detailed collects the detail of rows on their way into the store.
type detailed struct {
	windows []byte // of the block that is being filled
	blocks  []stored
	details []stored
	bytes   int // of details, not yet written
	level   string
}

// stored is a key and a value.
type stored struct {
	key   uint64
	value []byte
}

// add takes the detail of entry self, which is row i of its block.
func (d *detailed) add(e *Entry, self uint32, i int) {
	if e.Windows != nil {
		if d.windows == nil {
			d.windows = make([]byte, 4)
		}
		d.windows = appendWindows(d.windows, i, e.Windows)
	}
	if e.Points != nil || e.Thumb != nil {
		v := appendDetail(nil, e)
		d.details = append(d.details, stored{uint64(self), v})
		d.bytes += len(v)
	}
	if l := e.level(); d.level == "" || l == Keypoints || l == Windows && d.level == Hashes {
		d.level = l
	}
}

// endBlock puts the windows of block number among those to be written.
func (d *detailed) endBlock(number uint64) {
	if d.windows != nil {
		binary.LittleEndian.PutUint32(d.windows, checksum(d.windows[4:]))
		d.blocks = append(d.blocks, stored{number, d.windows})
		d.windows = nil
	}
}

// write stores what was collected, and forgets it.
func (d *detailed) write(s *Sets, id uint64) error {
	if len(d.blocks) == 0 && len(d.details) == 0 {
		return nil
	}
	err := s.db.Update(func(tx *kv.Tx) error {
		for _, to := range []struct {
			bucket string
			values []stored
		}{{windowsBucket, d.blocks}, {detailsBucket, d.details}} {
			b, err := tx.Bucket([]byte(to.bucket)).CreateBucketIfNotExists(key(id))
			if err != nil {
				return err
			}
			b.FillPercent = fillPercent
			for _, v := range to.values {
				if err := b.Put(key(v.key), v.value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	d.blocks, d.details, d.bytes = nil, nil, 0
	return err
}
