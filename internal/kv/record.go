package kv

import "encoding/binary"

// Reader takes a packed record apart. After the first short read it gives
// zeros and is Bad.
type Reader struct {
	Rest []byte
	Bad  bool
}

// Take gives the next n bytes, which are those of Rest: copy them.
func (r *Reader) Take(n int) []byte {
	if r.Bad || n < 0 || n > len(r.Rest) {
		r.Bad = true
		return nil
	}
	b := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return b
}

// Byte gives the next byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uvarint gives the next number.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.Rest)
	if n <= 0 || r.Take(n) == nil {
		r.Bad = true
		return 0
	}
	return v
}

// Text gives the next text, as AppendText wrote it.
func (r *Reader) Text() string {
	n := r.Uvarint()
	if n > uint64(len(r.Rest)) {
		r.Bad = true
		return ""
	}
	return string(r.Take(int(n)))
}

// AppendText writes a text behind its length.
func AppendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
