package container_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"

	"github.com/klauspost/compress/flate"
)

// raw is a member of a zip written by hand, lies and all.
type raw struct {
	name          string
	method, flags uint16
	packed        []byte
	size          int    // -1: that of packed
	crc           uint32 // of the body
	mode          uint32 // of Unix
	at            int    // where the directory says it begins, plus one; 0: where it does
	noLocal       bool   // bytes are those of the member before
}

func deflated(t testing.TB, b []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rawZip writes members as they are told, and a directory unless cut.
func rawZip(members []raw, directory bool) []byte {
	var b, dir bytes.Buffer
	put := func(w *bytes.Buffer, v any) { _ = binary.Write(w, binary.LittleEndian, v) }
	for _, m := range members {
		size := uint32(m.size)
		if m.size < 0 {
			size = uint32(len(m.packed))
		}
		at := b.Len()
		if !m.noLocal {
			put(&b, []uint16{0x4B50, 0x0403, 20, m.flags, m.method, 0, 0})
			put(&b, []uint32{m.crc, uint32(len(m.packed)), size})
			put(&b, []uint16{uint16(len(m.name)), 0})
			b.WriteString(m.name)
			b.Write(m.packed)
		}
		if m.at > 0 {
			at = m.at - 1
		}
		put(&dir, []uint16{0x4B50, 0x0201, 3<<8 | 20, 20, m.flags, m.method, 0, 0})
		put(&dir, []uint32{m.crc, uint32(len(m.packed)), size})
		put(&dir, []uint16{uint16(len(m.name)), 0, 0, 0, 0})
		put(&dir, []uint32{m.mode << 16, uint32(at)})
		dir.WriteString(m.name)
	}
	if !directory {
		return b.Bytes()
	}
	at := b.Len()
	b.Write(dir.Bytes())
	put(&b, []uint16{0x4B50, 0x0605, 0, 0, uint16(len(members)), uint16(len(members))})
	put(&b, []uint32{uint32(dir.Len()), uint32(at)})
	put(&b, uint16(0))
	return b.Bytes()
}

func stored(name, body string) raw {
	return raw{name: name, packed: []byte(body), size: -1, crc: crc32.ChecksumIEEE([]byte(body))}
}

func TestHostileZips(t *testing.T) {
	zeros := make([]byte, 20<<20)
	bomb := raw{name: "bomb", method: 8, packed: deflated(t, zeros, 9), size: len(zeros), crc: crc32.ChecksumIEEE(zeros)}
	short, lie, wrong := bomb, stored("lie", "four"), stored("wrong", "four")
	short.name, short.size = "short", 1000
	lie.size = 5_000_000
	wrong.crc++
	locked := stored("locked.jpg", "locked")
	locked.flags = 1
	link := stored("link", "/etc/passwd")
	link.mode = 0xA1FF
	odd := stored("odd", strings.Repeat("\x01", 90))
	odd.method = 14
	twin := stored("twin", "four")
	twin.at, twin.noLocal = 1, true
	for _, c := range []struct {
		name    string
		members []raw
		want    string
		cause   string
	}{
		{"ratio", []raw{bomb, stored("after", "after")}, "bomb 20873216 /limit_ratio\nafter 5 \n", "limit_ratio"},
		{"more than stated", []raw{short, stored("after", "after")}, "short 1000 /damaged\nafter 5 \n", ""},
		{"less than stated", []raw{lie, stored("after", "after")}, "lie 4 /damaged\nafter 5 \n", ""},
		{"wrong CRC", []raw{wrong, stored("after", "after")}, "wrong 4 /crc_mismatch\nafter 5 \n", ""},
		{"encrypted", []raw{locked, stored("after", "after")}, "locked.jpg 0 encrypted\nafter 5 \n", ""},
		{"link", []raw{link, stored("after", "after")}, "link 0 bad_entry\nafter 5 \n", ""},
		{"method", []raw{odd, stored("after", "after")}, "odd 0 unsupported\nafter 5 \n", ""},
		{"overlap", []raw{stored("one", "four"), twin, stored("after", "after")}, "one 4 \ntwin 0 damaged\nafter 5 \n", ""},
		{"paths", []raw{stored("../up", "1"), stored("/etc/x", "2"), stored(`c:\x`, "3"), stored(`a\..\b`, "4"), stored("n\x00ul", "5")},
			"../up 1 bad_path\n/etc/x 1 bad_path\nc:/x 1 bad_path\na/../b 1 bad_path\nn\uFFFDul 1 bad_path\n", ""},
		{"empty", nil, "", ""},
	} {
		all, report := walk(t, rawZip(c.members, true), "x.zip", container.Options{})
		if got := lines(all); got != c.want || report.Cause != c.cause {
			t.Errorf("%s: told\n%sreport %+v, want\n%s%s", c.name, got, report, c.want, c.cause)
		}
	}
}

// An entry with sizes that no file has is damaged alone: it must not hide what
// stands beside it.
func TestOneLieHidesNoOtherMember(t *testing.T) {
	for what, lie := range map[string]func(*demo.ZipStated){
		"size":   func(s *demo.ZipStated) { s.Size = 1 << 62 },
		"packed": func(s *demo.ZipStated) { s.Packed = 1<<64 - 1 },
		"offset": func(s *demo.ZipStated) { s.Offset = 1<<63 + 5 },
	} {
		box := demo.Zip(
			demo.ZipMember{File: demo.File{Name: "lie", Body: []byte("four")}, Zip64: true, Lie: lie},
			demo.ZipMember{File: demo.File{Name: "after", Body: []byte("after")}, Method: 8})
		all, report := walk(t, box, "x.zip", container.Options{})
		if got, want := lines(all), "lie 0 damaged\nafter 5 \n"; got != want || report.Cause != "" {
			t.Errorf("%s: told\n%sreport %+v, want\n%s", what, got, report, want)
		}
	}
}

// A zip without its directory, or that can be read but once, is told all the
// same: by its local headers, with sizes before or behind the bodies.
func TestZipFromTheFront(t *testing.T) {
	body := strings.Repeat("some text ", 5000)
	inner := zipOf(t, file{"in.txt", "inside"})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name, body string
		method     uint16
	}{{"packed", body, zip.Deflate}, {"stored", body, zip.Store}, {"in.zip", string(inner), zip.Store}, {"d/", "", zip.Store}, {"empty", "", zip.Store}, {"last", "last", zip.Deflate}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: f.method}) // sizes behind the body
		if err == nil {
			_, err = io.WriteString(w, f.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	want := "packed 50000 \nstored 50000 \nin.zip!in.txt 6 \nin.zip 0 \nd/ 0 \nempty 0 \nlast 4 \n"
	whole := b.Bytes()
	all, report := stream(t, whole, "x.zip", container.Options{Limits: container.Limits{Memory: 300 << 10}})
	if got := lines(all); got != want || report.Cause != "" {
		t.Errorf("once: told\n%sreport %+v, want\n%s", got, report, want)
	}
	cut := whole[:binary.LittleEndian.Uint32(whole[len(whole)-6:])] // where its directory begins
	if all, report = walk(t, cut, "x.zip", container.Options{}); lines(all) != want || report.Cause != "damaged" {
		t.Errorf("no directory: told\n%sreport %+v, want\n%s", lines(all), report, want)
	}
	known := rawZip([]raw{stored("a", "a"), stored("b", "bb")}, false)
	if all, report = walk(t, known, "x.zip", container.Options{}); lines(all) != "a 1 \nb 2 \n" || report.Cause != "damaged" {
		t.Errorf("sizes before: told\n%sreport %+v", lines(all), report)
	}
}

// Deflate64 as 7-Zip writes it, and deflate without matches, which is the same.
func TestDeflate64(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		body := make([]byte, rnd.IntN(200_000))
		for j := range body {
			body[j] = byte(rnd.IntN(1 + i*12))
		}
		m := raw{name: "m", method: 9, packed: deflated(t, body, flate.HuffmanOnly), size: len(body), crc: crc32.ChecksumIEEE(body)}
		all, _ := walk(t, rawZip([]raw{m}, true), "x.zip", container.Options{})
		if got, want := lines(all), fmt.Sprintf("m %d \n", len(body)); got != want {
			t.Errorf("body %d: told %s, want %s", i, got, want)
		}
	}
}

func TestRealZips(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rnd.IntN(256))
	}
	text := strings.Repeat("many words again and again ", 40_000)
	far := string(noise[:60_000]) + strings.Repeat("x", 3000) + string(noise[:60_000]) // matches beyond 32 KiB
	files := []file{{"text.txt", text}, {"noise", string(noise)}, {"far", far}, {"zeros", strings.Repeat("\x00", 200_000)}}
	want := fmt.Sprintf("text.txt %d \nnoise 100000 \nfar %d \nzeros 200000 \n", len(text), len(far))
	unsupported := "text.txt 0 unsupported\nnoise 0 unsupported\nfar 0 unsupported\nzeros 0 unsupported\n"
	names := []string{"text.txt", "noise", "far", "zeros"}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"zip", []string{"zip", "-q", "x.zip"}, want},
		{"zip -0", []string{"zip", "-q", "-0", "x.zip"}, want},
		{"zip64", []string{"zip", "-q", "-fz", "x.zip"}, want},
		{"zip -e", []string{"zip", "-q", "-P", "secret", "x.zip"}, "text.txt 0 encrypted\nnoise 0 encrypted\nfar 0 encrypted\nzeros 0 encrypted\n"},
		{"7z Deflate64", []string{"7zz", "a", "-bso0", "-mm=Deflate64", "x.zip"}, want},
		{"7z BZip2", []string{"7zz", "a", "-bso0", "-mm=BZip2", "x.zip"}, want},
		{"7z AES", []string{"7zz", "a", "-bso0", "-mem=AES256", "-psecret", "x.zip"}, "text.txt 0 encrypted\nnoise 0 encrypted\nfar 0 encrypted\nzeros 0 encrypted\n"},
		{"7z PPMd", []string{"7zz", "a", "-bso0", "-mm=PPMd", "x.zip"}, strings.ReplaceAll(unsupported, "noise 0 unsupported", "noise 100000 ")},
		{"7z xz", []string{"7zz", "a", "-bso0", "-mm=XZ", "x.zip"}, want},
		{"7z LZMA", []string{"7zz", "a", "-bso0", "-mm=LZMA", "x.zip"}, want},
	} {
		dir := plant(t, files...)
		run(t, dir, c.args[0], append(c.args[1:], names...)...)
		b := readFile(t, dir, "x.zip")
		for _, memory := range []int64{0, 1 << 20} {
			if memory > 0 && (strings.Contains(c.name, "xz") || strings.Contains(c.name, "LZMA")) {
				continue // their dictionaries take more
			}
			all, report := walk(t, b, "x.zip", container.Options{})
			if memory > 0 {
				all, report = stream(t, b, "x.zip", container.Options{Limits: container.Limits{Memory: memory}})
			}
			if got := sorted(lines(all)); got != sorted(c.want) || report.Cause != "" {
				t.Errorf("%s, memory %d: told\n%sreport %+v, want\n%s", c.name, memory, got, report, c.want)
			}
		}
	}
	dir := plant(t, files...)
	piped := run(t, dir, "zip", append([]string{"-q", "-"}, names...)...) // sizes behind the bodies
	for _, memory := range []int64{0, 1 << 20} {
		all, report := stream(t, piped, "x.zip", container.Options{Limits: container.Limits{Memory: memory}})
		if got := lines(all); got != want || report.Cause != "" {
			t.Errorf("zip to a pipe, memory %d: told\n%sreport %+v, want\n%s", memory, got, report, want)
		}
	}
}

func sorted(lines string) string {
	all := strings.SplitAfter(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "")
}

// Two walks over the same bytes read the directory once: through Tor it is what
// a look into a large archive costs.
func TestDirectoryIsReadOnce(t *testing.T) {
	var files []raw
	for i := range 5000 {
		files = append(files, stored(fmt.Sprintf("a/rather/long/folder/name/IMG_%05d.JPG", i), "x"))
	}
	b := rawZip(files, true)
	end := len(b) - 22
	directory := int(binary.LittleEndian.Uint32(b[end+12:]))
	src := &reads{r: bytes.NewReader(b)}
	kept := new(container.Kept)
	for _, o := range []container.Options{{List: true}, {Only: func(m container.Member) bool { return m.Index == 4000 }}} {
		_, report := walkSource(t, container.Source{At: src, Size: int64(len(b)), Kept: kept}, o)
		if report.Members != len(files) || report.Cause != "" {
			t.Errorf("report %+v", report)
		}
	}
	if most := directory + 2*(64<<10+22) + 70_000; src.n > most {
		t.Errorf("%d bytes read of a directory of %d, want at most %d", src.n, directory, most)
	}
	again := rawZip(files[:4000], true)
	if _, report := walkSource(t, container.Source{At: bytes.NewReader(again), Size: int64(len(again)), Kept: kept}, container.Options{List: true}); report.Members != 4000 {
		t.Errorf("other bytes: %d members", report.Members)
	}
}

// A member that a zip places before its first byte is damaged alone: our own bad
// question must not pass for a source that failed, which would be asked again.
func TestPlaceBeforeTheFirstByte(t *testing.T) {
	b := rawZip([]raw{stored("early", "four"), stored("after", "after")}, true)
	b = append([]byte("PK\x07\x08"), b...) // no local header begins the file
	end := len(b) - 22
	at := int(binary.LittleEndian.Uint32(b[end+16:]))
	binary.LittleEndian.PutUint32(b[end+16:], uint32(at+100)) // 96 bytes are missing before, it says
	entry := bytes.LastIndex(b, []byte("after")) - 46
	binary.LittleEndian.PutUint32(b[entry+42:], binary.LittleEndian.Uint32(b[entry+42:])+100)
	all, report := walk(t, b, "x.zip", container.Options{})
	if got := lines(all); got != "early 0 damaged\nafter 5 \n" || report.Cause != "" || report.Next != 0 {
		t.Errorf("told\n%sreport %+v", got, report)
	}
}

// asked counts how often a source is read after it failed.
type asked struct {
	r      io.ReaderAt
	failed int
}

func (a *asked) ReadAt(p []byte, at int64) (int, error) {
	if n, err := a.r.ReadAt(p, at); err == nil || err == io.EOF {
		return n, err
	}
	a.failed++
	return 0, lost{}
}

// A source that fails while the end of a zip is looked for is not asked again.
func TestFailedSourceIsLeftAlone(t *testing.T) {
	b := make([]byte, 200<<10)
	copy(b, "PK\x03\x04")
	for at := len(b) - 22; at > len(b)-60<<10; at -= 22 {
		copy(b[at:], "PK\x05\x06")
		binary.LittleEndian.PutUint32(b[at+12:], 100<<10) // the directory begins in what cannot be read
	}
	src := &asked{r: holed{bytes.NewReader(b), 20 << 10, 130 << 10}}
	_, report := walkSource(t, container.Source{Name: "x.zip", At: src, Size: int64(len(b))}, container.Options{})
	if report.Cause != "connection_lost" || src.failed > 2 {
		t.Errorf("asked %d times, report %+v", src.failed, report)
	}
}

// holed fails between two places.
type holed struct {
	r        io.ReaderAt
	from, to int64
}

func (h holed) ReadAt(p []byte, at int64) (int, error) {
	if at < h.to && at+int64(len(p)) > h.from {
		return 0, lost{}
	}
	return h.r.ReadAt(p, at)
}
