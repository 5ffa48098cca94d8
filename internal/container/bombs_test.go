package container_test

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"leakwatch/internal/container"
)

// gauge reads how much lies on the heap, what is no longer used included, and
// keeps the most.
type gauge struct {
	sample      [1]metrics.Sample
	began, most uint64
}

func newGauge() *gauge {
	runtime.GC()
	g := &gauge{}
	g.sample[0].Name = "/memory/classes/heap/objects:bytes"
	g.look()
	g.began = g.most
	return g
}

func (g *gauge) look() {
	metrics.Read(g.sample[:])
	g.most = max(g.most, g.sample[0].Value.Uint64())
}

// rose is how many MiB there were more than at the beginning.
func (g *gauge) rose() float64 { return float64(g.most-g.began) / (1 << 20) }

// gauged reads every body in small pieces, and looks at the gauge as it does.
func (g *gauge) walk(t testing.TB, src container.Source, o container.Options) (all []told, report container.Report) {
	t.Helper()
	buffer := make([]byte, 32<<10)
	report, err := container.Walk(t.Context(), src, o, func(m container.Member, body io.Reader) error {
		one := told{Member: m}
		for body != nil && one.err == nil {
			_, one.err = body.Read(buffer)
			g.look()
		}
		g.look()
		if len(all) < 1000 {
			all = append(all, one)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, report
}

// bombZip is a zip of many zips of many zips ... of zeros: 137 GiB for three
// levels of sixteen.
func bombZip(t testing.TB, levels int) []byte {
	zeros := make([]byte, 18<<20)
	member := raw{name: "0.bin", method: 8, packed: deflated(t, zeros, 9), size: len(zeros), crc: crc32.ChecksumIEEE(zeros)}
	for level := range levels {
		var members []raw
		for i := range 16 {
			member.name = fmt.Sprintf("%d-%d.zip", level, i)
			members = append(members, member)
		}
		whole := rawZip(members, true)
		member = raw{method: 8, packed: deflated(t, whole, 9), size: len(whole), crc: crc32.ChecksumIEEE(whole)}
		if level == levels-1 {
			return whole
		}
	}
	return nil
}

// A bomb is a cause within five seconds and 64 MiB.
func TestBombs(t *testing.T) {
	gzs := make([]byte, 24<<20)
	for range 3 {
		gzs = gz(t, gzs)
	}
	hole := func() []byte { // a tar of a sparse file of 1 TiB that is all holes
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		sparse := "1\n1099511627776\n0\n"
		records := map[string]string{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "hole", "GNU.sparse.realsize": "1099511627776"}
		body := make([]byte, 512)
		copy(body, sparse)
		if err := w.WriteHeader(&tar.Header{Name: "x", Size: 512, Typeflag: tar.TypeReg, Format: tar.FormatPAX, PAXRecords: map[string]string{"comment": "x"}}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(body)
		_ = w.Close()
		return paxed(t, b.Bytes(), records)
	}
	var many []raw
	quoted := stored("kernel", string(make([]byte, 1<<20)))
	many = append(many, quoted)
	for i := range 2000 {
		twin := quoted
		twin.name, twin.at, twin.noLocal = fmt.Sprint(i), 1, true
		many = append(many, twin)
	}
	for _, c := range []struct {
		name  string
		b     []byte
		cause string // of the outermost, or of a member
	}{
		{"zips in zips in zips", bombZip(t, 3), "limit_ratio"},
		{"five deep", bombZip(t, 5), "limit_ratio"},
		{"gzip in gzip", gzs, "limit_ratio"},
		{"sparse", hole(), "limit_ratio"},
		{"one body, many names", rawZip(many, true), "damaged"},
		{"xz with a dictionary of 4 GiB", xzBomb(), "limit_window"},
		{"zstd with a window of 2 GiB", []byte("\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00"), "limit_window"},
		{"7z of many members", sevenBomb(), "limit_memory"},
	} {
		g, began := newGauge(), time.Now()
		all, report := g.walk(t, container.Source{Name: "x", At: bytes.NewReader(c.b), Size: int64(len(c.b))}, container.Options{})
		took := time.Since(began)
		found := report.Cause == c.cause
		for _, m := range all {
			cause, _ := container.CauseOf(m.err)
			found = found || m.Cause == c.cause || cause == c.cause
		}
		if !found {
			t.Errorf("%s: no %s in\n%sreport %+v", c.name, c.cause, lines(all[:min(len(all), 20)]), report)
		}
		if (took > 5*time.Second || g.rose() > 64) && !raceDetector {
			t.Errorf("%s: took %v and %.0f MiB", c.name, took, g.rose())
		}
		t.Logf("%s: %d bytes, %v, %.1f MiB of heap, %d bytes unpacked: %s", c.name, len(c.b), took.Round(time.Millisecond), g.rose(), report.Bytes, report.Cause)
	}
}

// paxed writes a tar of one member anew with these PAX records.
func paxed(t testing.TB, b []byte, records map[string]string) []byte {
	t.Helper()
	var body string
	for k, v := range records {
		line := fmt.Sprintf(" %s=%s\n", k, v)
		n := len(line) + len(fmt.Sprint(len(line)))
		n = len(line) + len(fmt.Sprint(n))
		body += fmt.Sprint(n) + line
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Name: "pax", Size: int64(len(body)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, body)
	_ = w.Flush()
	head := out.Bytes()
	head[156] = 'x'
	copy(head[148:156], "        ")
	sum := 0
	for _, c := range head[:512] {
		sum += int(c)
	}
	copy(head[148:156], fmt.Sprintf("%06o\x00 ", sum))
	for at := 0; ; at += 512 { // the member itself follows its old records
		if b[at+156] == '0' {
			return append(head, b[at:]...)
		}
	}
}

// xzBomb is the head of an xz whose dictionary has 4 GiB.
func xzBomb() []byte {
	b := []byte("\xFD7zXZ\x00\x00\x00")
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b[6:8]))
	block := []byte{2, 0, 0x21, 1, 40, 0, 0, 0}
	b = append(b, binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(block))...)
	return append(b, make([]byte, 100)...)
}

// sevenBomb is a 7z whose header states as many members as it has bytes.
func sevenBomb() []byte {
	header := []byte{1, 5, 0xF0}
	const stated = 0x02000000
	header = binary.LittleEndian.AppendUint32(header, stated)
	header = append(header, make([]byte, stated+16)...)
	start := binary.LittleEndian.AppendUint64(nil, 0)
	start = binary.LittleEndian.AppendUint64(start, uint64(len(header)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(header))
	b := []byte("7z\xBC\xAF\x27\x1C\x00\x04")
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(start))
	return append(append(b, start...), header...)
}

// The limits of a walk end it with their causes, whatever the format.
func TestLimits(t *testing.T) {
	var files []file
	for i := range 50 {
		files = append(files, file{fmt.Sprint(i), strings.Repeat("x", 1000)})
	}
	boxes := map[string][]byte{"zip": zipOf(t, files...), "tar": tarOf(t, files...), "tar.gz": gz(t, tarOf(t, files...))}
	boxes["tar.gz in zip"] = zipOf(t, file{"in.tgz", string(boxes["tar.gz"])}, file{"after", "x"})
	for name, b := range boxes {
		for _, c := range []struct {
			limits container.Limits
			cause  string
			told   int // at most
		}{
			{container.Limits{Members: 20}, "limit_members", 21},
			{container.Limits{Total: 20_000}, "limit_total", 25},
			{container.Limits{Time: time.Nanosecond}, "limit_time", 2},
		} {
			all, report := walk(t, b, "x", container.Options{Limits: c.limits})
			if report.Cause != c.cause || len(all) > c.told {
				t.Errorf("%s, %s: told %d, report %+v", name, c.cause, len(all), report)
			}
			if c.cause == "limit_time" && report.Next > 1 {
				t.Errorf("%s: next %d", name, report.Next)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		_, err := container.Walk(ctx, container.Source{At: bytes.NewReader(b), Size: int64(len(b))}, container.Options{}, func(container.Member, io.Reader) error {
			if n++; n == 5 {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) || n > 5 {
			t.Errorf("%s, cancelled: %d told, error %v", name, n, err)
		}
	}
	deep := zipOf(t, file{"x", "x"})
	for range 5 {
		deep = zipOf(t, file{"z", string(deep)})
	}
	all, report := walk(t, deep, "x", container.Options{})
	if got := lines(all); got != "z!z!z!z 0 limit_nesting\nz!z!z 0 \nz!z 0 \nz 0 \n" || report.Cause != "" {
		t.Errorf("deep: told\n%s%+v", got, report)
	}
}

// A source that fails is the cause, and a later walk goes on where it failed.
func TestSourceFails(t *testing.T) {
	b := tarOf(t, file{"a", "a"}, file{"b", strings.Repeat("b", 5000)}, file{"c", "c"})
	src := container.Source{Name: "x.tar", At: failing{bytes.NewReader(b), 3000}, Size: int64(len(b))}
	all, report := walkSource(t, src, container.Options{})
	if report.Cause != "connection_lost" || report.Next != 1 || len(all) != 2 {
		t.Errorf("told\n%sreport %+v", lines(all), report)
	}
	src.At = failing{bytes.NewReader(b), 3000}
	src = container.Source{Name: "x.tar", Stream: io.NewSectionReader(src.At, 0, src.Size), Size: -1}
	if all, report = walkSource(t, src, container.Options{}); report.Cause != "connection_lost" || report.Next > 1 {
		t.Errorf("stream: told\n%sreport %+v", lines(all), report)
	}
}

type failing struct {
	r  io.ReaderAt
	at int64
}

type lost struct{}

func (lost) Error() string { return "the server hung up" }
func (lost) Cause() string { return "connection_lost" }

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.at {
		n := max(min(int64(len(p)), f.at-at), 0)
		_, _ = f.r.ReadAt(p[:n], at)
		return int(n), lost{}
	}
	return f.r.ReadAt(p, at)
}

// A hundred thousand members are worked through in bounded memory.
func TestManyMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100 MB")
	}
	const members = 100_000
	path := filepath.Join(t.TempDir(), "many.zip")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := bufio.NewWriterSize(f, 1<<20)
	z := zip.NewWriter(buf)
	body := []byte(photo(1, 1000))
	for i := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("some/folder/of/pictures/IMG_%06d.JPG", i), Method: zip.Store})
		if err == nil {
			_, err = w.Write(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), buf.Flush()); err != nil {
		t.Fatal(err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]container.Options{"listed": {List: true}, "unpacked": {}} {
		g, began := newGauge(), time.Now()
		_, report := g.walk(t, container.Source{Name: "many.zip", At: f, Size: size}, o)
		if report.Members != members || report.Cause != "" || g.rose() > 64 && !raceDetector {
			t.Errorf("%s: %.0f MiB, report %+v", name, g.rose(), report)
		}
		t.Logf("%s: %.1f MiB of heap, %v", name, g.rose(), time.Since(began).Round(time.Millisecond))
		fmt.Printf("figure zip-100k-members-%s-MiB %.1f\n", name, g.rose())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	g := newGauge()
	_, report := g.walk(t, container.Source{Name: "many.zip", Stream: f, Size: -1}, container.Options{})
	if report.Members != members || report.Cause != "" || g.rose() > 200 && !raceDetector {
		t.Errorf("streamed: %.0f MiB, report %+v", g.rose(), report)
	}
	fmt.Printf("figure zip-100k-members-streamed-MiB %.1f\n", g.rose())
}

// Methods that no tool here writes.
func TestZstdInZip(t *testing.T) {
	body := []byte(strings.Repeat("words and ", 10_000))
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	m := raw{name: "m", method: 93, packed: z.EncodeAll(body, nil), size: len(body), crc: crc32.ChecksumIEEE(body)}
	all, _ := walk(t, rawZip([]raw{m, m}, true), "x.zip", container.Options{})
	if got := lines(all); got != "m 100000 \nm 100000 \n" {
		t.Errorf("told\n%s", got)
	}
}
