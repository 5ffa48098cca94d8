package demo

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"slices"
)

// Hostile is a container that wants to do harm, to hide what is in it, or is
// only broken, and how a look at it must end.
type Hostile struct {
	File
	Causes []string // one of these must be told of it or of a member; none: nothing need be told
	Found  []int    // entries of the set that must be found in it all the same
	May    []int    // entries that may be found; when all of them are, no cause need be told
}

// HostileContainers are drawn with the files of a set, ten at least. Limits are
// taken to be the default ones, but for 20,000 members.
func HostileContainers(set []Photo) []Hostile {
	h := &hostiles{set: set}
	h.paths()
	h.entries()
	h.lies()
	h.bombs()
	h.windows()
	h.locks()
	h.cuts()
	h.documents()
	return h.all
}

// HostileSite serves containers, each under its name, from one page.
func HostileSite(all []Hostile) Web {
	w, list := Web{}, ""
	for _, c := range all {
		w["/"+c.Name] = Resource{MediaType: leakMediaType(c.Name), Body: c.Body}
		list += fmt.Sprintf("<li><a href=\"/%s\">%s</a></li>\n", html.EscapeString(c.Name), html.EscapeString(c.Name))
	}
	w.page("/", "take these", "", "<ul>"+list+"</ul>")
	return w
}

type hostiles struct {
	set  []Photo
	next int
	all  []Hostile
}

// photos gives out n files of the set, and which entries they are.
func (h *hostiles) photos(n int) (files []File, entries []int) {
	for range n {
		e := h.next % len(h.set)
		h.next++
		files = append(files, File{fmt.Sprintf("photo-%02d.jpg", e), h.set[e].JPEG})
		entries = append(entries, e)
	}
	return files, entries
}

func (h *hostiles) add(name string, body []byte, found, may []int, causes ...string) {
	h.all = append(h.all, Hostile{File{name, body}, causes, found, may})
}

// badNames lead out of a folder, or are no names. Nothing is ever written, so
// what stands under them is looked at.
func badNames() []string {
	return []string{
		"../../../../etc/cron.d/x.jpg", "/etc/x.jpg", `..\..\windows\x.jpg`, `C:\x.jpg`, "a/../../x.jpg", "x\x00y.jpg",
		string(bytes.Repeat([]byte("long/"), 13_000)) + "x.jpg", "",
	}
}

func (h *hostiles) paths() {
	for i, name := range badNames() {
		files, entries := h.photos(2)
		files[0].Name = name
		h.add(fmt.Sprintf("path-%d.zip", i), Zipped(files...), entries, nil, "bad_path")
		if name == "" || bytes.ContainsRune([]byte(name), 0) {
			continue // no tar has such
		}
		files, entries = h.photos(2)
		files[0].Name = name
		h.add(fmt.Sprintf("path-%d.tar", i), Tar(files...), entries, nil, "bad_path")
	}
	files, entries := h.photos(2)
	files[0].Name = "../x.jpg"
	h.add("path.7z", SevenZip(SevenZipHow{}, files...), entries, nil, "bad_path")
	files, entries = h.photos(2)
	files[0].Name = "../x.jpg"
	h.add("path.rar", Rar("", files...), entries, nil, "bad_path")
}

// twins are members of the same name: the second must not hide the first.
func (h *hostiles) twins() {
	files, entries := h.photos(2)
	files[1].Name = files[0].Name
	h.add("twins.zip", Zipped(files...), entries, nil)
	files, entries = h.photos(2)
	files[1].Name = files[0].Name
	h.add("twins.tar", Tar(files...), entries, nil)
}

// lies are headers that do not say what is there.
func (h *hostiles) lies() {
	lie := func(name string, how func(*ZipStated), found bool, causes ...string) {
		files, entries := h.photos(3)
		members := []ZipMember{{File: files[0], Method: 8}, {File: files[1], Method: 8, Lie: how, Zip64: name == "zip64-size.zip" || name == "zip64-offset.zip"}, {File: files[2], Method: 8}}
		sound, lied := []int{entries[0], entries[2]}, entries[1:2]
		if found {
			sound, lied = entries, nil
		}
		h.add(name, Zip(members...), sound, lied, causes...)
	}
	lie("crc.zip", func(s *ZipStated) { s.CRC32 ^= 1 }, true, "crc_mismatch")
	lie("size-too-small.zip", func(s *ZipStated) { s.Size = 10 }, false, "damaged", "crc_mismatch", "partial")
	lie("size-too-large.zip", func(s *ZipStated) { s.Size *= 3 }, false, "damaged", "crc_mismatch", "partial")
	lie("packed-too-small.zip", func(s *ZipStated) { s.Packed = 100 }, false, "damaged", "partial")
	lie("zip64-size.zip", func(s *ZipStated) { s.Size, s.Packed = 1<<62, 1<<62 }, false, "damaged", "limit_total", "limit_ratio", "partial", "crc_mismatch")
	lie("zip64-offset.zip", func(s *ZipStated) { s.Offset = 1<<63 + 5 }, false, "damaged")
	lie("another-name.zip", func(s *ZipStated) { s.Name = "elsewhere.txt" }, true)
	lie("locked-by-claim.zip", func(s *ZipStated) { s.Flags |= 1 }, false, "encrypted", "damaged")
	h.twins()

	files, entries := h.photos(2)
	prefix := append([]byte("MZ"), noise(4000, 1)...)
	h.add("self-extracting.exe", slices.Concat(prefix, Zipped(files...)), nil, entries)
	files, entries = h.photos(2)
	h.add("tail.zip", append(Zipped(files...), noise(3000, 2)...), entries, nil)

	files, _ = h.photos(2)
	directory := Zipped(files...)
	at := bytes.LastIndex(directory, []byte("PK\x05\x06"))
	copy(directory[at+8:], []byte{0xff, 0x7f, 0xff, 0x7f}) // 32,767 entries
	h.add("count.zip", directory, nil, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "damaged")
	broken := map[string][]byte{"nothing.zip": []byte("PK\x03\x04"), "noise.7z": append([]byte("7z\xbc\xaf\x27\x1c\x00\x04"), noise(500, 3)...),
		"noise.rar": append([]byte(rarSignature), noise(500, 4)...), "noise.gz": append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), noise(500, 5)...),
		"noise.xz": append([]byte("\xfd7zXZ\x00"), noise(500, 6)...), "noise.bz2": append([]byte("BZh91AY&SY"), noise(500, 7)...)}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		h.add(name, broken[name], nil, nil, "damaged", "unsupported", "limit_window", "limit_memory", "encrypted")
	}
}

// locks are what has a password.
func (h *hostiles) locks() {
	files, _ := h.photos(2)
	locked := map[string][]byte{
		"locked.zip": zippedBy(ZipMember{Method: 8, Lock: ZipCrypto})(files...), "locked-aes.zip": zippedBy(ZipMember{Lock: ZipAES})(files...),
		"locked.7z": SevenZip(SevenZipHow{Lock: SevenZipBodies}, files...), "locked-header.7z": SevenZip(SevenZipHow{Lock: SevenZipHeader}, files...),
		"locked.rar": Rar(RarBodies, files...), "locked-header.rar": Rar(RarHeader, files...),
	}
	for _, name := range slices.Sorted(maps.Keys(locked)) {
		h.add(name, locked[name], nil, nil, "encrypted")
	}
}

// cuts are what a broken upload leaves.
func (h *hostiles) cuts() {
	hows := map[string]func(...File) []byte{
		"cut.zip": zippedBy(ZipMember{Method: 8}), "cut.tar": tarBy(func(t []byte) []byte { return t }), "cut.tar.gz": tarBy(func(t []byte) []byte { return Gzip("", t) }),
		"cut.tar.bz2": tarBy(Bzip2), "cut.tar.xz": tarBy(func(t []byte) []byte { return Xz(t, 16) }), "cut.tar.zst": tarBy(Zstd), "cut.rar": rarBy(""),
	}
	for _, name := range slices.Sorted(maps.Keys(hows)) {
		files, entries := h.photos(3)
		whole := hows[name](files...)
		found, may := entries[:1], entries[1:]
		if name == "cut.tar.bz2" || name == "cut.tar.zst" { // one block, or none
			found, may = nil, entries
		}
		h.add(name, whole[:len(whole)*3/5], found, may, "damaged", "split", "partial")
	}
	files, _ := h.photos(2)
	seven := SevenZip(SevenZipHow{}, files...)
	h.add("cut.7z", seven[:len(seven)*3/5], nil, nil, "damaged", "split")
	h.add("half.7z.001", seven[:len(seven)/3], nil, nil, "split")
	h.add("half.7z.003", seven[2*len(seven)/3:], nil, nil) // it is told with the first
}
