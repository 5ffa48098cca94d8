package container_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/ulikunitz/xz/lzma"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
)

// sevenOf puts the first header of a 7z before its bodies and its directory.
func sevenOf(bodies, directory []byte) []byte {
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(bodies)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(directory)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(directory))
	head := binary.LittleEndian.AppendUint32([]byte("7z\xBC\xAF\x27\x1C\x00\x04"), crc32.ChecksumIEEE(start))
	return slices.Concat(head, start, bodies, directory)
}

// sevenNumber is a number of 7z below 2^56, in eight bytes.
func sevenNumber(n int) []byte {
	return append([]byte{0xFE}, binary.LittleEndian.AppendUint64(nil, uint64(n))[:7]...)
}

// sevenPacked states two packed streams of a byte each, sevenFolder a folder that
// keeps a byte as it is.
func sevenPacked() []byte { return []byte{6, 0, 2, 9, 1, 1, 0} }
func sevenFolder() []byte { return []byte{7, 0x0B, 1, 0, 1, 1, 0, 0x0C, 1, 0} }

// sevenOneFile states one file, m.
func sevenOneFile() []byte { return []byte{5, 1, 0x11, 5, 0, 'm', 0, 0, 0, 0} }

// A directory that states a part of itself twice is damaged, and no more.
func TestSevenStatesTwice(t *testing.T) {
	packed, folder := sevenPacked(), sevenFolder()
	for name, parts := range map[string][][]byte{
		"folders": {{1, 4}, packed, folder, folder, {0}, sevenOneFile(), {0}},
		"streams": {{1, 4}, packed, folder, {0, 4}, packed, folder, {0}, sevenOneFile(), {0}},
		"members": {{1, 4}, packed, folder, {0}, sevenOneFile(), sevenOneFile(), {0}},
	} {
		all, report := walk(t, sevenOf([]byte("ab"), slices.Concat(parts...)), "x.7z", container.Options{})
		if report.Cause != "damaged" || len(all) > 1 {
			t.Errorf("%s: told\n%sreport %+v", name, lines(all), report)
		}
	}
}

// What the directory was packed with is given back when it is unpacked: the whole
// limit is left for the members, whose dictionary mostly takes all of it.
func TestSevenDirectoryGivesItsDictionaryBack(t *testing.T) {
	body := photo(1, 1<<20)
	b := demo.SevenZip(demo.SevenZipHow{Method: "lzma2"}, demo.File{Name: "m", Body: []byte(body)}) // a dictionary of 1 MiB
	at := 32 + binary.LittleEndian.Uint64(b[12:])
	bodies, directory := b[32:at], b[at:]
	chunk := append([]byte{1, 0, byte(len(directory) - 1)}, directory...) // LZMA2, not packed
	chunk = append(chunk, 0)
	packed := slices.Concat([]byte{0x17, 6}, sevenNumber(len(bodies)), []byte{1, 9}, sevenNumber(len(chunk)), []byte{0, 7, 0x0B, 1, 0, 1, 0x21, 0x21, 1, 16, 0x0C},
		sevenNumber(len(directory)), []byte{0, 0})
	all, report := walk(t, sevenOf(append(bytes.Clone(bodies), chunk...), packed), "x.7z", container.Options{Limits: container.Limits{Window: 1 << 20}})
	if len(all) != 1 || all[0].body != body || report.Cause != "" {
		t.Errorf("told\n%sreport %+v", lines(all), report)
	}
}

// chainedLZMA is a 7z of one member, packed by so many coders in a chain, each
// with the largest tables that LZMA has, of 6 MiB.
func chainedLZMA(t testing.TB, coders int, body string) []byte {
	t.Helper()
	stream, sizes, chain := []byte(body), []byte(nil), []byte(nil)
	for range coders {
		sizes = append(sevenNumber(len(stream)), sizes...)
		var b bytes.Buffer
		w, err := lzma.WriterConfig{Properties: &lzma.Properties{LC: 8, LP: 4}, DictCap: lzma.MinDictCap, SizeInHeader: true, Size: int64(len(stream))}.NewWriter(&b)
		if err == nil {
			_, err = w.Write(stream)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		stream = b.Bytes()[lzma.HeaderLen:]
	}
	folder := []byte{7, 0x0B, 1, 0, byte(coders)}
	for range coders {
		folder = append(folder, 0x23, 3, 1, 1, 5, (0*5+4)*9+8, 0, 0x10, 0, 0)
	}
	for i := range coders - 1 { // what i gives goes into i+1
		chain = append(chain, byte(i+1), byte(i))
	}
	directory := slices.Concat([]byte{1, 4, 6, 0, 1, 9}, sevenNumber(len(stream)), []byte{0}, folder, chain, []byte{0x0C}, sizes, []byte{0, 0}, sevenOneFile(), []byte{0})
	return sevenOf(stream, directory)
}

// The tables of a decoder count like its dictionary.
func TestSevenOfManyCoders(t *testing.T) {
	b := chainedLZMA(t, 32, "body")
	if all, report := walk(t, b, "x.7z", container.Options{}); lines(all) != "m 4 \n" || report.Cause != "" {
		t.Errorf("told\n%sreport %+v", lines(all), report)
	}
	g := newGauge()
	all, _ := g.walk(t, container.Source{At: bytes.NewReader(b), Size: int64(len(b))}, container.Options{Limits: container.Limits{Memory: 64 << 20}})
	if len(all) != 1 || all[0].Cause != "limit_memory" {
		t.Errorf("told %+v", all)
	}
	if g.rose() > 64 && !raceDetector {
		t.Errorf("%d bytes took %.0f MiB", len(b), g.rose())
	}
}

// FuzzSevenDirectory: whatever a directory states, its walk ends. Its CRC is made
// to fit, or none would get that far.
func FuzzSevenDirectory(f *testing.F) {
	whole := slices.Concat([]byte{1, 4}, sevenPacked(), sevenFolder(), []byte{0}, sevenOneFile(), []byte{0})
	f.Add([]byte("ab"), whole)
	f.Add([]byte("ab"), slices.Concat([]byte{1, 4}, sevenPacked(), sevenFolder(), []byte{8, 0x0D, 2, 9, 0, 0, 0}, sevenOneFile(), []byte{0}))
	files := []demo.File{{Name: "one.jpg", Body: []byte(photo(1, 50))}, {Name: "two.txt", Body: []byte("two")}}
	for _, how := range []demo.SevenZipHow{{}, {Solid: true, Method: "lzma2"}, {Method: "deflate"}, {Lock: demo.SevenZipBodies}, {Lock: demo.SevenZipHeader}} {
		b := demo.SevenZip(how, files...)
		at := 32 + binary.LittleEndian.Uint64(b[12:])
		f.Add(b[32:at], b[at:])
	}
	f.Fuzz(func(t *testing.T, bodies, directory []byte) {
		all, report := walk(t, sevenOf(bodies, directory), "x.7z", container.Options{Limits: fuzzLimits()})
		if len(all) > fuzzLimits().Members+1 || report.Next != 0 {
			t.Errorf("told %d, report %+v", len(all), report)
		}
	})
}
