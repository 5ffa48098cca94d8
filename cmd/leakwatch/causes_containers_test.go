package main

import (
	"bytes"
	"fmt"
	"net/http"

	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
)

// containerLimits are those of the stand of containerRows, beside the common
// ones. A sample is two members, so that large archives are not read to their
// ends.
const containerLimits = `
[container]
max_depth = 2
max_members = 30
max_total = "32MiB"
memory = "16MiB"
sample_members = 2`

// containerRows are sites with a link to an archive each. Where a cause is that
// of a member, or of a container inside, its line says so.
func containerRows() []causeRow {
	all := `archives = "all"`
	nested := many(1, 100)
	for range 3 {
		nested = demo.Zipped(demo.File{Name: "inner.zip", Body: nested})
	}
	large := demo.Zip(stored(claimed(noises(12, 1<<20))...)...)
	seven := demo.SevenZip(demo.SevenZipHow{}, claimed(noises(1, 1000))...)
	part := (len(seven) + 2) / 3
	return []causeRow{
		archive(crawler.LimitMembers, "an archive of 40 members", "a.zip", many(40, 100), all),
		archive(crawler.LimitNesting, "a zip in a zip in a zip in a zip", "a.zip", nested, all),
		archive(crawler.LimitTotal, "an archive of 40 MiB, packed to 3", "a.zip", demo.Zipped(claimed(sparseFiles(20))...), all),
		archive(crawler.LimitWindow, "an xz that wants a dictionary of 4 GiB", "a.xz", demo.Xz([]byte("hello"), 40), all),
		archive(crawler.LimitMemory, "a 7z of 17 MiB in a tar", "a.tar",
			demo.Tar(demo.File{Name: "a.7z", Body: demo.SevenZip(demo.SevenZipHow{}, demo.File{Name: "x", Body: noise(17 << 20)})}), all),
		archive(crawler.Encrypted, "a zip with a password", "a.zip",
			demo.Zip(demo.ZipMember{File: demo.File{Name: "a.jpg", Body: []byte("secret")}, Lock: demo.ZipAES}), all),
		archive(crawler.BadPath, "a member that leads out of its folder", "a.zip", demo.Zipped(demo.File{Name: "../a.txt", Body: []byte("hello")}), all),
		archive(crawler.BadEntry, "a member that is a link", "a.zip",
			demo.Zip(demo.ZipMember{File: demo.File{Name: "a.jpg", Body: []byte("/etc/passwd")}, Mode: 0o120777}), all),
		archive(crawler.CRCMismatch, "a member with a wrong checksum", "a.zip",
			demo.Zip(demo.ZipMember{File: demo.File{Name: "a.txt", Body: []byte("hello")}, Method: 8, Lie: func(s *demo.ZipStated) { s.CRC32 ^= 1 }}), all),
		archive(crawler.Sampled, "an archive of which names alone are wanted", "a.zip", many(3, 100), `archives = "list"`),
		archive(crawler.RangeIgnored, "a large archive, from a server that takes no ranges", "a.zip", large, ""),
		{cause: crawler.RangeLies, in: "containers", does: "serves a large archive by ranges of another size each time", seen: inUnopened, answer: lying(large)},
		{cause: crawler.Split, in: "containers", does: "has two of three volumes", seen: inUnopened, extra: all, answer: tree(map[string]http.HandlerFunc{
			"/":         page("<a href=/a.7z.001>1</a> <a href=/a.7z.003>3</a>"),
			"/a.7z.001": serves("", string(seven[:part])), "/a.7z.003": serves("", string(seven[2*part:])),
		})},
	}
}

// archive is a site of one page that links to one archive.
func archive(cause crawler.Cause, does, name string, body []byte, extra string) causeRow {
	return causeRow{cause: cause, does: "links to " + does, in: "containers", seen: inUnopened, extra: extra,
		answer: tree(map[string]http.HandlerFunc{"/": page("<a href=/" + name + ">x</a>"), "/" + name: serves("application/octet-stream", string(body))})}
}

// lying serves a file by ranges that tell another size each time.
func lying(body []byte) http.HandlerFunc {
	file := demo.NewRanged("application/zip", bytes.NewReader(body), int64(len(body)))
	file.Fault(demo.OtherSize)
	return tree(map[string]http.HandlerFunc{"/": page("<a href=/a.zip>x</a>"), "/a.zip": file.ServeHTTP})
}

// many is a zip of members of noise.
func many(members, size int) []byte { return demo.Zipped(noises(members, size)...) }

func noises(members, size int) []demo.File {
	var files []demo.File
	for i := range members {
		files = append(files, demo.File{Name: fmt.Sprintf("%03d.txt", i), Body: noise(size)})
	}
	return files
}

// stored is members that are not packed.
func stored(files ...demo.File) (members []demo.ZipMember) {
	for _, f := range files {
		members = append(members, demo.ZipMember{File: f})
	}
	return members
}

// claimed makes files claim to be JPEGs, so that somebody wants all of them.
func claimed(files []demo.File) []demo.File {
	for i := range files {
		files[i].Name = fmt.Sprintf("%03d.jpg", i)
		copy(files[i].Body, "\xff\xd8\xff\xe0")
	}
	return files
}

// sparseFiles are files of two MiB each that pack to a sixteenth.
func sparseFiles(n int) []demo.File {
	files := noises(n, 1<<17)
	for i := range files {
		files[i].Body = append(make([]byte, 2<<20-1<<17), files[i].Body...)
	}
	return files
}

// noise are bytes that do not pack.
func noise(n int) []byte {
	b, x := make([]byte, n), uint64(n)+1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}
