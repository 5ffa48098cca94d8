package container

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/nwaples/rardecode/v2"
)

func sniffRar(head []byte, _ string) bool {
	return len(head) >= 8 && string(head[:6]) == "Rar!\x1A\x07" && (head[6] == 0 || head[6] == 1 && head[7] == 0)
}

// openRar reads a rar from front to back: it has no directory. Its decoder may
// take the whole window, and is not ours: what it does with hostile bytes is
// fenced in.
func openRar(w *walk, b *box) (err error) {
	window := min(w.limits.Window-w.windows, (w.limits.Memory-w.held)/2)
	if _, err := w.window(b, window); err != nil {
		return err
	}
	r, err := rarReader(b, rardecode.MaxDictionarySize(window))
	if err != nil {
		return rarFault(err)
	}
	for {
		h, err := r.next()
		if gone := w.stopped(b); gone != nil {
			return gone
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return rarFault(err)
		}
		if err := w.member(b, rarEntry(h, len(b.parts) > 1), func() (io.Reader, error) { return r, nil }); err != nil {
			return err
		}
	}
}

func rarEntry(h *rardecode.FileHeader, volumes bool) entry {
	e := entry{name: h.Name, size: h.UnPackedSize, packed: h.PackedSize, dir: h.IsDir}
	if h.UnKnownSize {
		e.size = -1
	}
	if volumes {
		e.packed = -1 // of the first volume only
	}
	const link, kind, regular, folder = 0xA000, 0xF000, 0x8000, 0x4000
	mode := h.Attributes & kind
	switch {
	case h.LinkType != 0 || h.HostOS == rardecode.HostOSUnix && mode == link:
		e.cause, e.why = "bad_entry", "a link"
	case h.HostOS == rardecode.HostOSUnix && mode != 0 && mode != regular && mode != folder:
		e.cause, e.why = "bad_entry", "a device or the like"
	case h.Encrypted:
		e.cause, e.why = "encrypted", "its name and size are stated all the same"
	}
	return e
}

// rarFault tells the errors of the library apart.
func rarFault(err error) error {
	switch {
	case errors.As(err, new(*Fault)):
		return err
	case errors.Is(err, rardecode.ErrArchiveEncrypted):
		return fault("encrypted", "the names too")
	case errors.Is(err, rardecode.ErrArchivedFileEncrypted):
		return fault("encrypted", "the body")
	case errors.Is(err, rardecode.ErrDictionaryTooLarge):
		return fault("limit_window", "a dictionary above the limit")
	case errors.Is(err, rardecode.ErrMultiVolume), errors.Is(err, fs.ErrNotExist):
		return fault("split", "it goes on in a volume that is not there")
	case errors.Is(err, rardecode.ErrBadVolumeNumber), errors.Is(err, rardecode.ErrInvalidFileBlock):
		return fault("split", "it begins in a volume that is not there")
	case errors.Is(err, rardecode.ErrBadFileChecksum):
		return fault("crc_mismatch", "%v", err)
	case errors.Is(err, rardecode.ErrUnknownDecoder), errors.Is(err, rardecode.ErrUnsupportedDecoder), errors.Is(err, rardecode.ErrUnknownVersion):
		return fault("unsupported", "%v", err)
	}
	return err
}

// rarArchive fences the library in: a panic is damage.
type rarArchive struct {
	r      *rardecode.Reader
	failed error // after which it must not be asked again
}

func rarReader(b *box, o rardecode.Option) (r *rarArchive, err error) {
	defer func() { fence(recover(), &err) }()
	if len(b.parts) > 1 {
		reader, err := rardecode.OpenReader(rarVolume(1), o, rardecode.FileSystem(rarVolumes{b.parts, b.at}))
		if err != nil {
			return nil, err
		}
		return &rarArchive{r: &reader.Reader}, nil
	}
	var src io.Reader = bufio.NewReaderSize(b.reader(), 64<<10)
	if b.at != nil {
		src = io.NewSectionReader(b.at, 0, b.size) // it seeks over what is not wanted
	}
	reader, err := rardecode.NewReader(src, o)
	return &rarArchive{r: reader}, err
}

func (a *rarArchive) next() (h *rardecode.FileHeader, err error) {
	if a.failed != nil {
		return nil, a.failed
	}
	defer func() { a.failed = err }()
	defer func() { fence(recover(), &err) }()
	return a.r.Next()
}

func (a *rarArchive) Read(p []byte) (n int, err error) {
	defer func() {
		if err != nil && err != io.EOF {
			err = rarFault(err)
			if cause, _ := CauseOf(err); cause == "split" || errors.Is(err, io.ErrUnexpectedEOF) {
				a.failed = err // what follows is not there either
			}
		}
	}()
	defer func() {
		if broken := recover(); broken != nil {
			n = 0
			fence(broken, &err)
			a.failed = err
		}
	}()
	return a.r.Read(p)
}

// rarVolumes gives the library the volumes under names that it counts up.
type rarVolumes struct {
	parts []Part
	at    io.ReaderAt // all of them, watched
}

func rarVolume(n int) string { return "v" + strconv.Itoa(n) + ".rar" }

func (v rarVolumes) Open(name string) (fs.File, error) {
	number, ok := strings.CutPrefix(strings.TrimSuffix(name, ".rar"), "v")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > len(v.parts) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	var start int64
	for _, p := range v.parts[:n-1] {
		start += p.Size
	}
	p := v.parts[n-1]
	if p.At == nil {
		return nil, fault("split", "volume %s is missing", clean(cut(p.Name, 200)))
	}
	return rarFile{io.NewSectionReader(v.at, start, p.Size), name}, nil
}

// rarFile is a volume as the library wants it.
type rarFile struct {
	*io.SectionReader
	name string
}

func (f rarFile) Close() error               { return nil }
func (f rarFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f rarFile) Name() string               { return f.name }
func (f rarFile) Mode() fs.FileMode          { return 0o400 }
func (f rarFile) ModTime() time.Time         { return time.Time{} }
func (f rarFile) IsDir() bool                { return false }
func (f rarFile) Sys() any                   { return nil }
