package kv_test

import (
	"testing"

	"leakwatch/internal/kv"
)

func TestReader(t *testing.T) {
	whole := kv.AppendText(kv.AppendText([]byte{7, 0xac, 0x02}, "ä"), "")
	for n := range len(whole) + 1 {
		r := kv.Reader{Rest: whole[:n]}
		b, v, text, none := r.Byte(), r.Uvarint(), r.Text(), r.Text()
		if n == len(whole) {
			if r.Bad || len(r.Rest) > 0 || b != 7 || v != 300 || text != "ä" || none != "" {
				t.Errorf("read %d, %d, %q, %q, %+v", b, v, text, none, r)
			}
			continue
		}
		if !r.Bad || r.Take(0) != nil || r.Byte() != 0 || r.Uvarint() != 0 || r.Text() != "" {
			t.Errorf("%d bytes: read %d, %d, %q, %q, %+v; want it to be bad and to stay so", n, b, v, text, none, r)
		}
	}
	r := kv.Reader{Rest: []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x")} // a text longer than all memory
	if got := r.Text(); got != "" || !r.Bad {
		t.Errorf("read %q, %+v", got, r)
	}
}
