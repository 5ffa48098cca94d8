package demo

import (
	"archive/tar"
	"bytes"
	"fmt"
	"slices"
)

// archives puts up the 34 archives.
func (b *leakBuilder) archives() {
	all := slices.Concat(b.zips(), b.tars(), b.others(), b.nested())
	for _, t := range all {
		b.serve("files", "files", t)
	}
	b.volumes()
	b.leak.Archives = len(all) + 4
}

// some is what an archive of the leak usually holds.
func (b *leakBuilder) some(copies int) []thing {
	return b.mixed(b.copied(copies), b.unrelated(2), b.clutter(2))
}

// zips are eleven.
func (b *leakBuilder) zips() []thing {
	plain := zippedBy(ZipMember{Method: 8})
	half := b.some(3)
	return []thing{
		pack("dump-01.zip", plain, b.some(4)),
		pack("dump-02.zip", zippedBy(ZipMember{}), b.mixed(b.exact(24), b.clutter(4))),
		pack("dump-03.zip", zippedBy(ZipMember{Method: 8, Streamed: true}), b.some(3)),
		pack("dump-04.zip", zippedBy(ZipMember{Method: 8, Zip64: true}), b.some(3)),
		pack("dump 05 final.zip", plain, b.mixed(b.copied(3), b.unrelated(2), b.plated())),
		locked("dump-06-locked.zip", zippedBy(ZipMember{Method: 8, Lock: ZipCrypto}), b.mixed(b.exact(24), b.clutter(6))),
		locked("dump-07-locked.zip", zippedBy(ZipMember{Method: 8, Lock: ZipAES}), b.mixed(b.exact(24), b.clutter(6))),
		b.partlyLocked("dump-08.zip", half, b.some(2)),
		b.unusual("dump-09.zip", b.copied(2), b.copied(2)),
		pack("holiday.zip", plain, b.mixed(b.unrelated(8), b.clutter(5))), // of nobody's interest
		pack("dump-10.zip", plain, b.mixed(b.decks(), b.clutter(2))),
	}
}

// partlyLocked has some members that can be read, and others that cannot.
func (b *leakBuilder) partlyLocked(name string, open, closed []thing) thing {
	for i := range closed {
		closed[i].Name = "private/" + closed[i].Name
	}
	t := pack(name, func(files ...File) []byte {
		members := make([]ZipMember, len(files))
		for i, f := range files {
			members[i] = ZipMember{File: f, Method: 8}
			if i >= len(open) {
				members[i].Lock = ZipCrypto
			}
		}
		return Zip(members...)
	}, slices.Concat(open, closed))
	t.hidden = lift(open)
	for _, p := range closed {
		t.hidden = append(t.hidden, Hidden{Kind: HiddenUnopened, Member: p.Name, Causes: []string{"encrypted"}})
	}
	return t
}

// unusual has members by Deflate64, as Windows packs what is large, and one by
// a method that nobody has.
func (b *leakBuilder) unusual(name string, large, plain []thing) thing {
	for i := range large {
		large[i].hidden[0].Causes = []string{"unsupported"}
	}
	odd := thing{File: File{"odd.jpg", noise(900, 4)}, hidden: []Hidden{{Kind: HiddenUnopened, Causes: []string{"unsupported"}}}}
	parts := slices.Concat(large, plain, []thing{odd})
	return pack(name, func(files ...File) []byte {
		members := make([]ZipMember, len(files))
		for i, f := range files {
			members[i] = ZipMember{File: f, Method: []uint16{9, 8, 95}[min(i/2, 2)]}
		}
		return Zip(members...)
	}, parts)
}

// plated are members that carry a plate in their name, in their EXIF block, and
// in a list.
func (b *leakBuilder) plated() []thing {
	name, exif := b.selectors(1), b.selectors(1)
	list, in := b.csv(300, 30)
	named := b.unrelated(1)[0]
	named.Name = spelled(name[0], 1) + "_front.jpg"
	named.hidden = []Hidden{{Kind: HiddenSelector, Selectors: name}}
	tagged := b.unrelated(1)[0]
	tagged.Body = described(tagged.Body, "lane 3, plate "+exif[0])
	tagged.hidden = []Hidden{{Kind: HiddenSelector, Selectors: exif}}
	return []thing{named, tagged, {File: File{"export/reads.csv", list}, hidden: []Hidden{{Kind: HiddenSelector, Selectors: in}}}}
}

// tars are nine.
func (b *leakBuilder) tars() []thing {
	same := func(t []byte) []byte { return t }
	gz := func(t []byte) []byte { return Gzip("dump.tar", t) }
	twice := func(t []byte) []byte { return append(Gzip("", t[:len(t)/2]), Gzip("", t[len(t)/2:])...) }
	tail := func(t []byte) []byte { return append(Gzip("", t), "uploaded by x\n"...) }
	long := b.some(3)
	for i := range long {
		long[i].Name = fmt.Sprintf("a folder with a name that is longer than the old header of tar has room for/%s/%s", bytes.Repeat([]byte("and deeper "), 12), long[i].Name)
	}
	return []thing{
		pack("dump-11.tar", tarBy(same), b.some(3)),
		pack("dump-12.tar.gz", tarBy(gz), b.some(3)),
		pack("dump-13.tgz", tarBy(twice), b.some(3)),
		pack("dump-14.tar.gz", tarBy(tail), b.some(2)),
		pack("dump-15.tar.bz2", tarBy(Bzip2), b.some(2)),
		pack("dump-16.tar.xz", tarBy(func(t []byte) []byte { return Xz(t, 16) }), b.some(3)),
		pack("dump-17.tar.zst", tarBy(Zstd), b.some(3)),
		pack("dump-18.tar", tarBy(same), long),
		b.linked("dump-19.tar", b.some(2)),
	}
}

// linked is a tar with links and a device between its files.
func (b *leakBuilder) linked(name string, parts []thing) thing {
	headers := []tar.Header{
		{Name: "latest.jpg", Typeflag: tar.TypeSymlink, Linkname: "../../etc/passwd"},
		{Name: "again.jpg", Typeflag: tar.TypeLink, Linkname: parts[0].Name},
		{Name: "null", Typeflag: tar.TypeChar},
	}
	files := make([]File, len(headers))
	t := thing{hidden: lift(parts)}
	for _, h := range headers {
		t.hidden = append(t.hidden, Hidden{Kind: HiddenUnopened, Member: h.Name, Causes: []string{"bad_entry"}})
	}
	for _, p := range parts {
		headers = append(headers, tar.Header{Name: p.Name, Typeflag: tar.TypeReg, Size: int64(len(p.Body)), Mode: 0o644, ModTime: changed()})
		files = append(files, p.File)
	}
	t.File = File{name, tarOf(headers, files)}
	return t
}

// others are seven: 7z, RAR, and a picture that is packed alone.
func (b *leakBuilder) others() []thing {
	single := b.copied(1)[0]
	alone := thing{File: File{single.Name + ".gz", Gzip(single.Name, single.Body)}, hidden: lift([]thing{single})}
	return []thing{
		pack("dump-20.7z", sevenBy(SevenZipHow{Method: "lzma2", Solid: true}), b.some(3)),
		pack("dump-21.7z", sevenBy(SevenZipHow{Method: "deflate"}), b.some(3)),
		locked("dump-22-locked.7z", sevenBy(SevenZipHow{Lock: SevenZipBodies}), b.mixed(b.exact(24), b.clutter(4))),
		shut("dump-23-locked.7z", sevenBy(SevenZipHow{Lock: SevenZipHeader}), b.exact(3), "encrypted"),
		pack("dump-24.rar", rarBy(""), b.some(3)),
		shut("dump-25-locked.rar", rarBy(RarHeader), b.exact(3), "encrypted"),
		alone,
	}
}

// nested are three.
func (b *leakBuilder) nested() []thing {
	plain := zippedBy(ZipMember{Method: 8})
	inner := pack("inner.zip", plain, b.some(3))
	mail := pack("mailbox.tar.gz", tarBy(func(t []byte) []byte { return Gzip("mailbox.tar", t) }), b.some(2))
	secret := locked("secret.zip", zippedBy(ZipMember{Lock: ZipCrypto}), b.clutter(2))
	deep := pack("level.zip", plain, b.copied(1))
	for range 6 {
		deep = shut("level.zip", plain, []thing{deep}, "limit_nesting")
	}
	deep.Name = "levels.zip"
	deep.hidden[0].Member = "*"
	return []thing{
		pack("dump-26.zip", plain, b.mixed([]thing{inner, secret}, b.copied(2))),
		pack("dump-27.tar", tarBy(func(t []byte) []byte { return t }), b.mixed([]thing{mail}, b.copied(1))),
		deep,
	}
}

// volumes puts up four archives in parts; of one a part is missing.
func (b *leakBuilder) volumes() {
	parts := func(name string, whole []byte, n int) []File {
		var files []File
		size := (len(whole) + n - 1) / n
		for chunk := range slices.Chunk(whole, size) {
			files = append(files, File{fmt.Sprintf("%s.%03d", name, len(files)+1), chunk})
		}
		return files
	}
	split := pack("dump-28.zip", zippedBy(ZipMember{}), b.some(4))
	b.split(split.hidden, parts("dump-28.zip", split.Body, 3), -1)
	seven := pack("dump-29.7z", sevenBy(SevenZipHow{}), b.some(3))
	b.split(seven.hidden, parts("dump-29.7z", seven.Body, 3), -1)

	rar := b.some(3)
	var files []File
	for _, p := range rar {
		files = append(files, p.File)
	}
	var volumes []File
	for i, body := range RarVolumes(160<<10, files...) {
		volumes = append(volumes, File{fmt.Sprintf("dump-30.part%d.rar", i+1), body})
	}
	b.split(lift(rar), volumes, -1)

	half := pack("dump-31.zip", zippedBy(ZipMember{}), b.some(4))
	b.split(half.hidden, parts("dump-31.zip", half.Body, 3), 1)
}

// split serves the parts of an archive, but for the missing one. What is hidden
// may be told of any part.
func (b *leakBuilder) split(hidden []Hidden, parts []File, missing int) {
	first := ""
	for i, p := range parts {
		if i == missing {
			continue
		}
		if at := b.serve("files", "files", thing{File: p}); first == "" {
			first = at
		}
	}
	if missing >= 0 {
		for i := range hidden {
			hidden[i].Maybe = true // what is whole may be found
		}
		hidden = append(hidden, Hidden{Kind: HiddenUnopened, Causes: []string{"split"}})
	}
	b.record(first, "/files", hidden)
}
