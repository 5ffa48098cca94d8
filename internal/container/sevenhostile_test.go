package container_test

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

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
