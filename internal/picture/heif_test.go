package picture_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"

	"strings"
	"testing"

	"leakwatch/internal/picture"
)

// bx is a box of ISO/IEC 14496-12.
func bx(kind string, parts ...any) []byte {
	body := join(parts...)
	return join(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind, body)
}

// heifPart is an item of the files that heifOf makes.
type heifPart struct {
	kind  string
	data  []byte
	props [][]byte // boxes
	refs  map[string][]int
}

// heifOf is an AVIF whose first item is the picture. Before meta and behind
// mdat more boxes may stand.
func heifOf(parts []heifPart, more ...[]byte) []byte {
	be16 := func(v int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
	be32 := func(v int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
	meta := func(at int) []byte {
		var infe, iloc, ipco, ipma, iref []byte
		prop := 0
		for i, p := range parts {
			infe = append(infe, bx("infe", []byte{2, 0, 0, 0}, be16(i+1), be16(0), p.kind, []byte{0})...)
			iloc = join(iloc, be16(i+1), be16(0), be16(1), be32(at), be32(len(p.data)))
			at += len(p.data)
			ipma = join(ipma, be16(i+1), []byte{byte(len(p.props))})
			for _, b := range p.props {
				prop++
				ipco, ipma = append(ipco, b...), append(ipma, byte(prop))
			}
			for kind, to := range p.refs {
				list := be16(len(to))
				for _, id := range to {
					list = append(list, be16(id)...)
				}
				iref = append(iref, bx(kind, be16(i+1), list)...)
			}
		}
		return bx("meta", []byte{0, 0, 0, 0}, bx("hdlr", make([]byte, 8), "pict", make([]byte, 13)), bx("pitm", []byte{0, 0, 0, 0, 0, 1}),
			bx("iloc", []byte{0, 0, 0, 0, 0x44, 0}, be16(len(parts)), iloc), bx("iinf", []byte{0, 0, 0, 0}, be16(len(parts)), infe),
			bx("iprp", bx("ipco", ipco), bx("ipma", make([]byte, 4), be32(len(parts)), ipma)), bx("iref", []byte{0, 0, 0, 0}, iref))
	}
	head := join(bx("ftyp", "avif\x00\x00\x00\x00avifmif1"), bytes.Join(more, nil))
	var data []byte
	for _, p := range parts {
		data = append(data, p.data...)
	}
	return join(head, meta(len(head)+len(meta(0))+8), bx("mdat", data))
}

func ispe(w, h uint32) []byte {
	return bx("ispe", []byte{0, 0, 0, 0}, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h))
}

// av1Stream is a sequence header and the beginnings of some frames.
func av1Stream(w, h, frames int, still bool) []byte {
	b := &bits{}
	b.put(0, 3) // profile
	if still {
		b.put(3, 2)
		b.put(0, 5)
	} else {
		b.put(0, 2)
		b.put(0, 1+1+5) // no timing, no delay, one operating point
		b.put(0, 12+5)
	}
	b.put(15, 4)
	b.put(15, 4)
	b.put(w-1, 16)
	b.put(h-1, 16)
	b.put(0, 32)
	out := join([]byte{0x12, 0, 0x0a, byte(len(b.out))}, b.out)
	return append(out, bytes.Repeat([]byte{0x32, 4, 0, 0, 0, 0}, frames)...)
}

// A build without the tags says what it is without; no build decodes HEIC or
// JPEG XL.
func TestFormatsOfToday(t *testing.T) {
	small, err := base64.StdEncoding.DecodeString(smallAVIF)
	if err != nil {
		t.Fatal(err)
	}
	p, err := picture.NewDecoder(picture.Limits{}).Decode(t.Context(), small)
	if withAVIF() {
		if err != nil || p.Width != 64 || p.Height != 48 || far(p.Luma, grey(scene(64, 48))) > 6 {
			t.Errorf("%v, %dx%d", err, p.Width, p.Height)
		}
	} else if r, _ := refusal(t, small, picture.Limits{}); r.Cause != "unsupported" || !strings.Contains(r.Why, "tags") || r.Format != "avif" || r.Width != 64 {
		t.Errorf("got %+v", r)
	}
	for format, data := range map[string]string{"heic": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "jxl": "\xff\x0a\xfa\x7f"} {
		if r, _ := refusal(t, []byte(data), picture.Limits{}); r.Cause != "unsupported" || r.Format != format || !strings.Contains(r.Why, format) {
			t.Errorf("%s: got %+v", format, r)
		}
	}
}

// withAVIF says whether this build decodes AVIF.
func withAVIF() bool {
	small, _ := base64.StdEncoding.DecodeString(smallAVIF)
	_, err := picture.NewDecoder(picture.Limits{}).Decode(context.Background(), small)
	return err == nil
}

// Whatever an AVIF claims, and wherever, is held against the limits before the
// decoder sees it.
func TestAVIFClaims(t *testing.T) {
	const moderate = 3000
	item := func(w, h uint32, stream []byte) heifPart {
		return heifPart{kind: "av01", data: stream, props: [][]byte{ispe(w, h), bx("av1C", "\x81\x00\x0c\x00")}}
	}
	grid := func(w, h int) heifPart {
		data := []byte{0, 0, 0, 1, byte(w >> 8), byte(w), byte(h >> 8), byte(h)}
		return heifPart{kind: "grid", data: data, props: [][]byte{ispe(16, 16)}, refs: map[string][]int{"dimg": {2, 3}}}
	}
	fine := av1Stream(64, 48, 1, true)
	mask := item(16, 16, av1Stream(65536, 65536, 1, true))
	mask.props, mask.refs = append(mask.props, bx("auxC", "\x00\x00\x00\x00urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00")), map[string][]int{"auxl": {1}}
	for name, tc := range map[string]struct {
		data  []byte
		cause string
	}{
		"announced":           {heifOf([]heifPart{item(60000, 60000, fine)}), "limit_pixels"},
		"announced side":      {heifOf([]heifPart{item(30000, 10, fine)}), "limit_side"},
		"in the stream":       {heifOf([]heifPart{item(64, 48, av1Stream(65536, 65536, 1, true))}), "limit_pixels"},
		"frames of any size":  {heifOf([]heifPart{item(64, 48, av1Stream(64, 48, 1, false))}), "limit_pixels"},
		"a second header":     {heifOf([]heifPart{item(64, 48, join(fine, av1Stream(65536, 65536, 1, true)))}), "limit_pixels"},
		"many frames":         {heifOf([]heifPart{item(moderate, moderate, av1Stream(moderate, moderate, 1000, true))}), "limit_pixels"},
		"too large for now":   {heifOf([]heifPart{item(6000, 6000, av1Stream(6000, 6000, 1, true))}), "limit_pixels"},
		"a grid":              {heifOf([]heifPart{grid(65535, 65535), item(64, 48, fine), item(64, 48, fine)}), "limit_pixels"},
		"tiles":               {heifOf([]heifPart{grid(128, 48), item(6000, 5000, fine), item(6000, 5000, fine)}), "limit_pixels"},
		"alpha":               {heifOf([]heifPart{item(64, 48, fine), mask}), "limit_pixels"},
		"no stream":           {heifOf([]heifPart{item(64, 48, nil)}), "damaged"},
		"no size":             {heifOf([]heifPart{{kind: "av01", data: fine}}), "damaged"},
		"a grid without tile": {heifOf([]heifPart{grid(128, 48), item(64, 48, fine)}), "damaged"},
		"another codec":       {heifOf([]heifPart{{kind: "hvc1", data: fine, props: [][]byte{ispe(64, 48)}}}), "unsupported"},
		"only a sequence":     {join(bx("ftyp", "avis\x00\x00\x00\x00avis"), stszBox(3)), "unsupported"},
		"nothing":             {join(bx("ftyp", "avif\x00\x00\x00\x00avif"), make([]byte, 100)), "damaged"},
	} {
		r, allocated := refusal(t, tc.data, picture.Limits{})
		if r.Cause != tc.cause || r.Format != "avif" {
			t.Errorf("%s: got %v, want %s", name, r, tc.cause)
		}
		if allocated > 2<<20 {
			t.Errorf("%s: allocated %d KiB from %d bytes", name, allocated>>10, len(tc.data))
		}
	}
}

// A property that a thousand tiles share is not written a thousand times.
func TestSharedPropertiesOfAVIF(t *testing.T) {
	const tiles = 1024
	to := make([]int, tiles)
	for i := range to {
		to[i] = 2
	}
	large := bx("colr", "nclx", make([]byte, 64<<10))
	data := heifOf([]heifPart{
		{kind: "grid", data: []byte{0, 0, 31, 31, 0, 32, 0, 32}, props: [][]byte{ispe(32, 32)}, refs: map[string][]int{"dimg": to}},
		{kind: "av01", data: av1Stream(1, 1, 1, true), props: [][]byte{ispe(1, 1), bx("av1C", "\x81\x00\x0c\x00"), large}},
	})
	// What it shows is for the decoder to say, if the build has one.
	if n := allocation(func() { picture.NewDecoder(picture.Limits{}).Decode(context.Background(), data) }); n > 64<<20 {
		t.Errorf("allocated %d MiB from %d KiB", n>>20, len(data)>>10)
	}
}

// stszBox is a track of n samples.
func stszBox(n byte) []byte {
	return bx("moov", bx("trak", bx("mdia", bx("minf", bx("stbl", bx("stsz", make([]byte, 8), []byte{0, 0, 0, n}))))))
}

func TestLargeNumbersOfAVIF(t *testing.T) {
	many := bytes.Repeat(bx("free"), 1<<18)
	for name, data := range map[string][]byte{
		"boxes in meta": join(bx("ftyp", "avif\x00\x00\x00\x00avif"), bx("meta", []byte{0, 0, 0, 0}, many)),
		"properties":    join(bx("ftyp", "avif\x00\x00\x00\x00avif"), bx("meta", []byte{0, 0, 0, 0}, bx("iprp", bx("ipco", many)))),
		"items":         join(bx("ftyp", "avif\x00\x00\x00\x00avif"), bx("meta", []byte{0, 0, 0, 0}, bx("iloc", "\x00\x00\x00\x00\x00\x00\xff\xff", make([]byte, 1<<20)))),
		"owners":        join(bx("ftyp", "avif\x00\x00\x00\x00avif"), bx("meta", []byte{0, 0, 0, 0}, bx("iprp", bx("ipma", "\x00\x00\x00\x00\xff\xff\xff\xff", bytes.Repeat([]byte{255}, 1<<20))))),
	} {
		r, allocated := refusal(t, data, picture.Limits{})
		if r.Cause != "damaged" || allocated > 8<<20 {
			t.Errorf("%s: got %v, %d KiB", name, r, allocated>>10)
		}
	}
}

// smallAVIF is scene(64, 48), encoded by libavif.
const smallAVIF = "" +
	"AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADrbWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAAAAAA" +
	"AQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAETAAABiAAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xvcgAAAABqaXBycAAAAEtpcGNvAAAA" +
	"FGlzcGUAAAAAAAAAQAAAADAAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwAAAAAE2NvbHJuY2x4AAIAAgACgAAAABdpcG1hAAAAAAAAAAEAAQQBAoMEAAAB" +
	"kG1kYXQSAAoGGBV/vbEIMvsCGseHheHGFFJChl3DgMmut3/UbqpR6Xw96xKl0cou2rh85PvgPMHyKnikV9dUKKPAThtKjiKg7XhATzO19QDtNJiXzcH+50tR" +
	"2SP0/FJ0gXtM0MWXLugtRQ9+SYkcENNNGOcbPyV30fR1jtzmdwa1YB+T2gVBRc1VIvx829KlG+v5IS6bPfngqhjWSNd0jQUCKR3AOgDAysOiCzanQAFoxkiI" +
	"7qDxdMMwx0/qt1L9jm+Nf3/Y2cHpRBwNvf6xsSzbn4Q5sri9EWSly7zhaEC6ZDApo1ewmnQa/NUSaa2jhysA1G7lnTR46WMFkpPyGpATqG3Vj0gXqlZfFACs" +
	"Ho7BAyKt3YRG0pf3K5FrIVynbMjWKPK76ikC+0rYix4MYfUAJ9sMtufm8dgK4At6caFQMkmTWFJ1C1vIsiUXFJNhc+FcgXhCPiM7VMTgOGlyExuOBmpUKL6a" +
	"NVqs6MiLwgobrTojOo0gCQfO0pYsJ3K/lk7plA3V2/9k7qWaXw=="
