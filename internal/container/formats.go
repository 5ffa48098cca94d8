package container

// opener works through one container, member by member: for each it calls
// w.member(b, entry, open), and returns the error of that at once. Its own error
// is what is wrong with the container as a whole: nil, or one that CauseOf
// knows. What is wrong with one member is told with that member.
//
// The bytes of the container are b.reader(), from front to back, or b.at and
// b.size when the format is random; w.all(b, limit) gives them all in memory.
// Memory beyond a few hundred KiB is asked of w.reserve first.
type opener func(w *walk, b *box) error

// format is one row of what can be opened.
type format struct {
	name      string
	sniff     func(head []byte, name string) bool // of the first 512 bytes and the file name
	open      opener
	random    bool   // open needs b.at: what is only a stream is first held in memory
	stream    opener // of a random format when it is too large to be held; or nil
	directory bool   // can be listed without reading the bodies
}

// formats are the rows, in the order in which they are asked: what knows its
// bytes best first.
func formats() []format {
	rows := append(officeFormats(), []format{
		{name: "zip", sniff: sniffZip, open: openZip, random: true, stream: streamZip, directory: true},
		{name: "7z", sniff: sniffSeven, open: openSeven, random: true, directory: true},
		{name: "rar", sniff: sniffRar, open: openRar},
		{name: "gzip", sniff: sniffGzip, open: openPacked("gz", unpackGzip)},
		{name: "bzip2", sniff: sniffBzip2, open: openPacked("bz2", unpackBzip2)},
		{name: "xz", sniff: sniffXz, open: openPacked("xz", unpackXz)},
		{name: "zstd", sniff: sniffZstd, open: openPacked("zst", unpackZstd)},
		{name: "tar", sniff: sniffTar, open: openTar},
		{name: "torrent", sniff: sniffTorrent, open: openTorrent, directory: true},
		{name: "pdf", sniff: sniffPDF, open: openPDF},
		{name: "ole", sniff: sniffOLE, open: openOLE, random: true},
		{name: "mbox", sniff: sniffMbox, open: openMbox},
		{name: "mail", sniff: sniffMail, open: openMail},
		{name: "volume", sniff: sniffVolume, open: openVolume}, // by its name: last
	}...)
	return append(rows, strangeFormats()...)
}

// sniff returns the row of a format, or nil.
func (w *walk) sniff(head []byte, name string) *format { return sniff(w.formats, head, name) }

func sniff(rows []format, head []byte, name string) *format {
	for i := range rows {
		if rows[i].sniff(head, name) {
			return &rows[i]
		}
	}
	return nil
}

// Sniff returns the format of a container by its first bytes, of which 512
// suffice, and where those do not tell by its name; "" for none.
func Sniff(head []byte, name string) string {
	if f := sniff(formats(), head, name); f != nil {
		return f.name
	}
	return ""
}

// Directory tells whether a format can be listed without reading the bodies.
func Directory(name string) bool {
	for _, f := range formats() {
		if f.name == name {
			return f.directory
		}
	}
	return false
}
