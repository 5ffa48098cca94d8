package container_test

import (
	"bytes"
	"fmt"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
)

// The archives of the drawn world, which needs no tool: whole, in volumes and
// locked.
func TestDrawnArchives(t *testing.T) {
	var files []demo.File
	want, locked := "", ""
	for i := range 4 {
		f := demo.File{Name: fmt.Sprintf("d/%d.jpg", i), Body: []byte(photo(uint64(i), 9000+i))}
		files = append(files, f)
		want += fmt.Sprintf("%s %d \n", f.Name, len(f.Body))
		locked += fmt.Sprintf("%s 0 encrypted\n", f.Name)
	}
	tarred := demo.Tar(files...)
	for _, c := range []struct {
		name        string
		b           []byte
		want, cause string
	}{
		{"zip", demo.Zipped(files...), want, ""},
		{"tar", tarred, want, ""},
		{"tar.gz", demo.Gzip("x.tar", tarred), want, ""},
		{"tar.bz2", demo.Bzip2(tarred), want, ""},
		{"tar.xz", demo.Xz(tarred, 10), want, ""},
		{"tar.xz of 4 GiB", demo.Xz(tarred, 40), "", "limit_window"},
		{"tar.zst", demo.Zstd(tarred), want, ""},
		{"7z", demo.SevenZip(demo.SevenZipHow{}, files...), want, ""},
		{"7z solid", demo.SevenZip(demo.SevenZipHow{Method: "lzma2", Solid: true}, files...), want, ""},
		{"7z of 4 GiB", demo.SevenZip(demo.SevenZipHow{Method: "lzma2", Dictionary: 40}, files...), want, ""},
		{"7z deflate", demo.SevenZip(demo.SevenZipHow{Method: "deflate", Solid: true}, files...), want, ""},
		{"7z bodies locked", demo.SevenZip(demo.SevenZipHow{Lock: demo.SevenZipBodies}, files...), locked, ""},
		{"7z locked", demo.SevenZip(demo.SevenZipHow{Lock: demo.SevenZipHeader}, files...), "", "encrypted"},
		{"rar", demo.Rar("", files...), want, ""},
	} {
		for name, open := range openers() {
			all, report := open(t, c.b, "x", container.Options{})
			if got := lines(all); got != c.want || report.Cause != c.cause {
				t.Errorf("%s, %s: told\n%sreport %+v, want\n%s%s", c.name, name, got, report, c.want, c.cause)
			}
		}
	}
	var parts []container.Part
	for i, b := range demo.RarVolumes(20_000, files...) {
		parts = append(parts, container.Part{Name: fmt.Sprintf("x.part%d.rar", i+1), At: bytes.NewReader(b), Size: int64(len(b))})
	}
	if all, report := walkSource(t, container.Join("x.rar", parts), container.Options{}); lines(all) != want || report.Cause != "" || len(parts) < 2 {
		t.Errorf("%d volumes of rar: told\n%sreport %+v", len(parts), lines(all), report)
	}
}
