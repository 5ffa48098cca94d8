package picture_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"leakwatch/internal/picture"
)

// tag is one entry of a directory of TIFF.
type tag struct {
	id, kind uint16
	value    []byte
}

// tiffBlock is a block as EXIF carries it, of a directory and one below.
func tiffBlock(order binary.AppendByteOrder, main, exif []tag) []byte {
	b := []byte("MM\x00*")
	if order == binary.LittleEndian {
		b = []byte("II*\x00")
	}
	b = order.AppendUint32(b, 8)
	var rest []byte
	write := func(tags []tag, next uint32) {
		values := uint32(len(b) + 2 + 12*len(tags) + 4)
		b = order.AppendUint16(b, uint16(len(tags)))
		rest = nil
		for _, t := range tags {
			b = order.AppendUint16(order.AppendUint16(b, t.id), t.kind)
			switch {
			case t.id == 0x8769:
				b = order.AppendUint32(order.AppendUint32(b, 1), next)
			case len(t.value) <= 4:
				b = append(order.AppendUint32(b, uint32(len(t.value))), append(bytes.Clone(t.value), make([]byte, 4-len(t.value))...)...)
			default:
				b = order.AppendUint32(order.AppendUint32(b, uint32(len(t.value))), values+uint32(len(rest)))
				rest = append(rest, t.value...)
			}
		}
		b = append(order.AppendUint32(b, 0), rest...)
	}
	size := 8 + 2 + 12*(len(main)+1) + 4
	for _, t := range main {
		if len(t.value) > 4 {
			size += len(t.value)
		}
	}
	write(append(main, tag{0x8769, 4, nil}), uint32(size))
	write(exif, 0)
	return b
}

func wordyBlock(order binary.AppendByteOrder) []byte {
	xp := []byte("w\x00i\x00n\x00d\x00o\x00w\x00s\x00\x00\x00")
	return tiffBlock(order, []tag{{0x010e, 2, []byte("plate AB 123\x00")}, {0x013b, 2, []byte("ann")}, {0x9c9c, 1, xp}, {0x010f, 2, []byte("caf\xe9 motor\x00")}},
		[]tag{{0x9286, 7, []byte("ASCII\x00\x00\x00case 4711")}})
}

func segment(marker byte, body string) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// tiny is a picture of a format with something put behind its first n bytes.
func tiny(t testing.TB, format string, more ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 40, 40), twoTones())
	n := map[string]int{"jpeg": 2, "png": 8 + 25, "gif": 13 + 6}[format]
	var err error
	switch format {
	case "jpeg":
		err = jpeg.Encode(&b, m, nil)
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Join([][]byte{b.Bytes()[:n], bytes.Join(more, nil), b.Bytes()[n:]}, nil)
}

func wordChunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	return append(append(append(b, kind...), body...), 0, 0, 0, 0)
}

func wordyChunk(kind, body string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	if b = append(b, body...); len(body)%2 > 0 {
		b = append(b, 0)
	}
	return b
}

func TestWordsOfPictures(t *testing.T) {
	little, big := string(wordyBlock(binary.LittleEndian)), string(wordyBlock(binary.BigEndian))
	const inExif = "plate AB 123\nann\nwindows\ncafé motor\ncase 4711"
	xmp := `<rdf:Description dc:title="lane 7"><dc:creator>bob</dc:creator></rdf:Description>`
	iptc := "8BIM\x04\x04\x00\x00\x00\x00\x00\x15\x1c\x02\x78\x00\x07caption\x1c\x02\x19\x00\x04Laos\x00"
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"jpeg exif":     {tiny(t, "jpeg", segment(0xe1, "Exif\x00\x00"+little)), inExif},
		"jpeg big":      {tiny(t, "jpeg", segment(0xe0, "JFIF\x00"), segment(0xe1, "Exif\x00\x00"+big)), inExif},
		"jpeg comment":  {tiny(t, "jpeg", segment(0xfe, "hello")), "hello"},
		"jpeg xmp":      {tiny(t, "jpeg", segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+xmp)), "lane 7 bob"},
		"jpeg iptc":     {tiny(t, "jpeg", segment(0xed, "Photoshop 3.0\x00"+iptc)), "caption\nLaos"},
		"jpeg none":     {tiny(t, "jpeg"), ""},
		"png text":      {tiny(t, "png", wordChunk("tEXt", "Comment\x00hello"), wordChunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp), wordChunk("eXIf", big)), "hello lane 7 bob " + inExif},
		"png packed":    {tiny(t, "png", wordChunk("zTXt", "Comment\x00\x00xxx"), wordChunk("iTXt", "Comment\x00\x01\x00\x00\x00xxx"), wordChunk("iTXt", "Comment\x00\x00\x00\x00\x00plain")), "plain"},
		"gif comment":   {tiny(t, "gif", []byte("\x21\xfe\x05hello\x06 world\x00")), "hello world"},
		"webp":          {append([]byte("RIFF\x00\x00\x00\x00WEBP"), append(wordyChunk("EXIF", little), wordyChunk("XMP ", xmp)...)...), inExif + " lane 7 bob"},
		"tiff":          {wordyBlock(binary.BigEndian), inExif},
		"not a picture": {[]byte("hello"), ""},
	} {
		got := string(picture.Words(test.data))
		rest := got
		for _, word := range strings.Fields(test.want) {
			_, after, ok := strings.Cut(rest, word)
			if !ok {
				t.Errorf("%s: %q, want %q in it", name, got, test.want)
				break
			}
			rest = after
		}
		if test.want == "" && got != "" {
			t.Errorf("%s: %q, want nothing", name, got)
		}
	}
}

// What a picture says is bounded, and takes no time, however it is made.
func TestWordsAreBounded(t *testing.T) {
	long := strings.Repeat("word ", 12<<10)
	many := [][]byte{}
	for range 200 {
		many = append(many, segment(0xfe, long))
	}
	zeros := make([]tag, 60000)
	for i := range zeros {
		zeros[i] = tag{700, 1, []byte{1, 2, 3}}
	}
	block := tiffBlock(binary.LittleEndian, zeros, nil)
	for i := range 60000 { // every entry is the whole block
		binary.LittleEndian.PutUint32(block[10+12*i+4:], uint32(len(block)))
		binary.LittleEndian.PutUint32(block[10+12*i+8:], 0)
	}
	silent := [][]byte{}
	for range 50 {
		silent = append(silent, segment(0xe1, "Exif\x00\x00"+string(manyTimes(700, make([]byte, 16<<10)))))
	}
	began := time.Now()
	for name, data := range map[string][]byte{
		"comments": tiny(t, "jpeg", many...), "directory": block,
		"silent text, many times over":    tiny(t, "jpeg", silent...),
		"silent records, many times over": manyTimes(33723, bytes.Repeat([]byte("\x1c\x02\x05\x00\x00"), 1<<20)),
	} {
		if got := picture.Words(data); len(got) > 130<<10 || name == "comments" && len(got) < 60<<10 {
			t.Errorf("%s: %d bytes, want some 64 KiB at most", name, len(got))
		}
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
}

// manyTimes is a directory of 500 entries that all have the same value.
func manyTimes(id uint16, value []byte) []byte {
	block := tiffBlock(binary.LittleEndian, slices.Repeat([]tag{{id, 1, []byte{0}}}, 500), nil)
	for i := range 500 {
		binary.LittleEndian.PutUint32(block[10+12*i+4:], uint32(len(value)))
		binary.LittleEndian.PutUint32(block[10+12*i+8:], uint32(len(block)))
	}
	return append(block, value...)
}

func FuzzWords(f *testing.F) {
	f.Add(tiny(f, "jpeg", segment(0xe1, "Exif\x00\x00"+string(wordyBlock(binary.LittleEndian))), segment(0xed, "Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x0c\x1c\x02\x78\x00\x07caption")))
	f.Add(tiny(f, "png", wordChunk("tEXt", "Comment\x00hello"), wordChunk("iTXt", "a\x00\x00\x00\x00\x00b")))
	f.Add(tiny(f, "gif", []byte("\x21\xfe\x05hello\x00")))
	f.Add(append([]byte("RIFF\x00\x00\x00\x00WEBP"), wordyChunk("EXIF", string(wordyBlock(binary.BigEndian)))...))
	f.Add(wordyBlock(binary.BigEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		got := picture.Words(data)
		if len(got) > 3*64<<10 || !utf8.Valid(got) {
			t.Errorf("%d bytes, valid %v", len(got), utf8.Valid(got))
		}
	})
}

func twoTones() color.Palette { return color.Palette{color.Black, color.White} }
