package seen

import (
	"encoding/binary"
	"time"

	"leakwatch/internal/kv"
)

// reader takes a packed record apart.
type reader struct{ kv.Reader }

func reading(value []byte) *reader { return &reader{kv.Reader{Rest: value}} }

func (r *reader) uint16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// seconds is a time as it is stored: good until 2106.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), 1<<32-1)) }

func when(seconds uint32) time.Time { return time.Unix(int64(seconds), 0).UTC() }

func key32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
