package demo

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// entries are what no plain file is.
func (h *hostiles) entries() {
	files, entries := h.photos(2)
	var headers []tar.Header
	var bodies []File
	for i, kind := range []byte{tar.TypeSymlink, tar.TypeLink, tar.TypeChar, tar.TypeBlock, tar.TypeFifo} {
		headers = append(headers, tar.Header{Name: fmt.Sprintf("special-%d.jpg", i), Typeflag: kind, Linkname: map[bool]string{true: "/etc/passwd"}[kind == tar.TypeSymlink || kind == tar.TypeLink]})
		bodies = append(bodies, File{})
	}
	for _, f := range files {
		headers = append(headers, tar.Header{Name: f.Name, Typeflag: tar.TypeReg, Size: int64(len(f.Body)), Mode: 0o644})
		bodies = append(bodies, f)
	}
	h.add("special.tar", tarOf(headers, bodies), entries, nil, "bad_entry")
	files, entries = h.photos(1)
	link := ZipMember{File: File{"link.jpg", []byte("/etc/passwd")}, Mode: 0o120777}
	h.add("link.zip", Zip(link, ZipMember{File: files[0]}), entries, nil, "bad_entry")

	files, entries = h.photos(1) // a hole of 64 GiB, stated in the old GNU way
	sparse := make([]byte, 512)
	copy(sparse, "hole.jpg\x00")
	copy(sparse[100:], "0000644\x000000000\x000000000\x00")
	copy(sparse[124:], fmt.Sprintf("%011o\x00", 512))
	copy(sparse[136:], "00000000000\x00        S")
	copy(sparse[257:], "ustar  \x00")
	copy(sparse[386:], fmt.Sprintf("%011o\x00%011o\x00", int64(1<<33-1-512), 512))
	copy(sparse[483:], fmt.Sprintf("%011o\x00", int64(1<<33-1)))
	sum := 0
	for _, b := range sparse {
		sum += int(b)
	}
	copy(sparse[148:], fmt.Sprintf("%06o\x00 ", sum))
	h.add("sparse.tar", slices.Concat(sparse, noise(512, 1), Tar(files...)), entries, nil, "bad_entry", "limit_ratio", "limit_total", "unsupported", "not_a_picture", "limit_bytes")
}

// zeros is a deflated member of n MiB of nothing, a block repeated: it costs no
// time to make.
func zeros(mib int) (packed []byte, sum uint32) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(fmt.Sprintf("demo: deflate: %v", err)) // the level exists
	}
	block := make([]byte, 1<<20)
	w.Write(block)
	w.Flush()
	head := b.Len()
	w.Write(block)
	w.Flush()
	again := bytes.Clone(b.Bytes()[head:])
	out := bytes.Clone(b.Bytes())
	for range mib - 2 {
		out = append(out, again...)
	}
	for range mib {
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	return append(out, 3, 0), sum // an empty last block
}

// zeroZip holds n members of nothing.
func zeroZip(n, mib int) []byte {
	packed, sum := zeros(mib)
	members := make([]ZipMember, n)
	for i := range members {
		members[i] = ZipMember{File: File{fmt.Sprintf("%d.jpg", i), packed}, Method: 8, Raw: true, Lie: func(s *ZipStated) { s.CRC32, s.Size = sum, uint64(mib)<<20 }}
	}
	return Zip(members...)
}

// bombs are small and would be large.
func (h *hostiles) bombs() {
	files, entries := h.photos(1)
	limits := []string{"limit_ratio", "limit_total", "limit_nesting", "limit_members", "limit_memory", "limit_bytes"}
	h.add("bomb.zip", zeroZip(1, 256), nil, nil, append(limits, "not_a_picture")...)
	nested := zeroZip(16, 64) // 137 GiB in all, from a few kilobytes
	for range 2 {
		var inner []File
		for i := range 11 {
			inner = append(inner, File{fmt.Sprintf("%d.zip", i), nested})
		}
		nested = Zipped(inner...)
	}
	h.add("nested-bomb.zip", nested, nil, nil, limits...)
	h.add("bomb-and-photo.zip", Zipped(files[0], File{"z.zip", nested}), entries, nil, limits...)
	gz := bytes.Repeat(Gzip("", make([]byte, 16<<20)), 64)
	h.add("bomb.gz", gz, nil, nil) // its first bytes say that it is no picture
	h.add("bomb.gz.gz", Gzip("bomb.gz", gz), nil, nil)
	h.add("bomb.bz2", Bzip2(bytes.Repeat(Bzip2(make([]byte, 600_000)), 200)), nil, nil)
	head := tarOf([]tar.Header{{Name: "z.bin", Typeflag: tar.TypeReg, Size: 1 << 30, Mode: 0o644}}, []File{{}})[:512]
	behind, later := h.photos(1) // a gibibyte of nothing is passed over to get there, or not
	h.add("bomb.tar.gz", slices.Concat(Gzip("", head), gz, Gzip("", Tar(behind...))), nil, later, limits...)

	one := Zipped(File{"kernel", make([]byte, 1<<20)}) // one body, named a thousand times
	at := bytes.LastIndex(one, []byte("PK\x01\x02"))
	end := bytes.LastIndex(one, []byte("PK\x05\x06"))
	overlap := slices.Concat(one[:at], bytes.Repeat(one[at:end], 1000))
	overlap = append(overlap, zipEnd(1000, uint64(at), uint64(1000*(end-at)), false, "")...)
	h.add("overlap.zip", overlap, nil, nil, append(limits, "damaged")...)

	many := make([]ZipMember, 30_000)
	for i := range many {
		many[i] = ZipMember{File: File{fmt.Sprintf("%d.txt", i), []byte("x")}}
	}
	h.add("many.zip", Zip(many...), nil, nil, "limit_members")
	level := Zipped(files[0])
	for range 40 {
		level = Zipped(File{"level.zip", level})
	}
	h.add("levels.zip", level, nil, nil, "limit_nesting")
}

// windows ask for more memory than there is.
func (h *hostiles) windows() {
	files, entries := h.photos(1)
	h.add("window.tar.xz", Xz(Tar(files...), 40), nil, entries, "limit_window")
	h.add("window.7z", SevenZip(SevenZipHow{Method: "lzma2", Dictionary: 40}, files...), nil, entries, "limit_window")
	zstd := Zstd(Tar(files...))
	zstd[5] = 21 << 3 // 2 GiB
	h.add("window.tar.zst", zstd, nil, entries, "limit_window")

	f := files[0] // a RAR that claims to be packed with 4 GiB
	b := binary.AppendUvarint(nil, 4)
	b = binary.AppendUvarint(b, uint64(len(f.Body)))
	b = binary.AppendUvarint(b, 0o100644)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(f.Body))
	b = binary.AppendUvarint(b, 15<<10|3<<7)
	b = append(b, 1)
	b = append(binary.AppendUvarint(b, uint64(len(f.Name))), f.Name...)
	rar := slices.Concat([]byte(rarSignature), rarBlock(1, 0, []byte{0}, nil, nil), rarBlock(2, 0, b, nil, noise(3000, 1)), rarBlock(5, 0, []byte{0}, nil, nil))
	h.add("window.rar", rar, nil, nil, "limit_window", "damaged")
}

// documents are such as readers of PDF, mail and old Office stumble over.
func (h *hostiles) documents() {
	files, entries := h.photos(3)
	picture := PDFPicture{files[0].Body, PDFJPEG}
	huge := bytes.Replace(PDF(false, nil, PDFPicture{files[1].Body, PDFFlate}, picture), fmt.Appendf(nil, "/Width %d", h.set[entries[1]].Image().Bounds().Dx()), []byte("/Width 99999"), 1)
	h.add("huge-picture.pdf", huge, nil, entries, "limit_pixels", "limit_side", "damaged", "unsupported", "limit_memory", "limit_total")
	loop := bytes.Replace(PDF(false, nil, picture), []byte("/Kids[3 0 R]"), []byte("/Kids[2 0 R]"), 1)
	h.add("loop.pdf", loop, nil, entries)
	h.add("cut.pdf", PDF(false, nil, picture)[:30_000], nil, entries, "damaged", "partial", "unsupported")

	level := Mail("in", nil, files[1])
	for range 9 { // each is a third larger than what is in it
		level = Mail("out", nil, File{"inner.eml", level})
	}
	h.add("levels.eml", level, nil, entries, "limit_nesting", "limit_ratio", "damaged")
	broken := bytes.Replace(Mail("broken", nil, files[2]), []byte("/9j/"), []byte("/9j/\r\n!!!!"), 1)
	h.add("broken.eml", broken, nil, entries)

	ole := OLE("Data", files[0].Body)
	for i := 512; i+4 <= 1024; i += 4 { // a chain that goes round
		if binary.LittleEndian.Uint32(ole[i:]) == 40 {
			binary.LittleEndian.PutUint32(ole[i:], 5)
		}
	}
	h.add("loop.doc", ole, nil, entries, "damaged", "partial", "unsupported", "limit_total", "limit_memory")
	laughs := `<!DOCTYPE l [<!ENTITY a "ha">` + strings.Repeat(`<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">`, 40) + `]>`
	parts := docx([]string{"words"}, files[1:2])
	for i := range parts {
		parts[i].Body = bytes.Replace(parts[i].Body, []byte("standalone=\"yes\"?>"), []byte("standalone=\"yes\"?>"+laughs), 1)
	}
	h.add("laughs.docx", Zipped(append(parts, File{"word/media/image1.jpeg", files[1].Body})...), entries[1:2], nil)
	h.add("deep.torrent", append(bytes.Repeat([]byte("l"), 1_000_000), bytes.Repeat([]byte("e"), 1_000_000)...), nil, nil)
}
