package picture

import (
	"context"
	"testing"
)

// largestGrey is a valid grey JPEG of w x h pixels, with blocks that get lighter
// from the top to the bottom: six bits each, but for one in a row.
func largestGrey(w, h int, progressive bool) []byte {
	c := coder{w: w, h: h, standard: true, progressive: progressive, parts: []*component{{h: 1, v: 1}}}
	for i := range c.quant {
		for k := range c.quant[i] {
			c.quant[i][k] = 8
		}
	}
	c.out = []byte{0xff, 0xd8}
	b := []byte{0}
	for _, v := range c.quant[0] {
		b = append(b, byte(v))
	}
	c.segment(0xdb, b...)
	kind := byte(0xc0)
	if progressive {
		kind = 0xc2
	}
	c.segment(kind, 8, byte(h>>8), byte(h), byte(w>>8), byte(w), 1, 1, 0x11, 0)
	for class, t := range c.tables() {
		c.segment(0xc4, append([]byte{byte(class << 4)}, t...)...)
	}
	last := byte(63)
	if progressive {
		last = 0
	}
	c.segment(0xda, 1, 1, 0, 0, last, 0)
	rows, across, before := (h+7)/8, (w+7)/8, 0
	for y := range rows {
		for x := range across {
			if now := 200*y/rows - 100; x == 0 && now != before {
				c.symbol(0, size(now-before))
				c.value(now-before, size(now-before))
				before = now
			} else {
				c.put(0b00, 2) // no difference
			}
			if !progressive {
				c.put(0b1010, 4) // the end of the block
			}
		}
	}
	c.flush()
	return append(c.out, 0xff, 0xd9)
}

// A decode of any JPEG that is accepted here keeps to 80 MiB, one of a camera to
// 16, and both to what was reckoned.
func TestLumaMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates what the program does not")
	}
	for _, tc := range []struct {
		name string
		data []byte
		most int64 // MiB
	}{
		{"12 MP of a camera", lumaEncoded(t, photo(5, 4000, 3000), 90), 16},
		{"268 MP, grey", largestGrey(20000, 13400, false), 80},
		{"268 MP, grey, progressive", largestGrey(20000, 13400, true), 80},
		{"2040 lines of 20,000", largestGrey(20000, 2040, true), 80},
	} {
		d := NewDecoder(Limits{Memory: tc.most << 20})
		for way, decode := range map[string]func(context.Context, []byte) (Picture, error){"small": d.DecodeSmall, "sharp": d.Decode} {
			p := plan{asked: asked{tables: &d.tables, small: way == "small"}}
			if err := readJPEG(tc.data, &p); err != nil || p.luma == nil {
				t.Fatalf("%s: %v, not for the luma decoder", tc.name, err)
			}
			before := allocatedSoFar()
			pic, err := decode(context.Background(), tc.data)
			took := int64(allocatedSoFar() - before)
			if err != nil || pic.Partial {
				t.Errorf("%s, %s: %v, %q", tc.name, way, err, pic.Why)
				continue
			}
			// The plane that is returned comes on top, of 1 MiB at most.
			if took > tc.most<<20 || took > p.luma.memory()+2<<20 {
				t.Errorf("%s, %s: %d KiB, reckoned %d, at most %d MiB", tc.name, way, took>>10, p.luma.memory()>>10, tc.most)
			}
			t.Logf("%s, %s: %d KB encoded, %d KiB, reckoned %d, plane %v", tc.name, way, len(tc.data)>>10, took>>10, p.luma.memory()>>10, pic.Luma.Rect.Max)
		}
	}
}
