package demo

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// RangeFault is a way in which a server of ranges misbehaves.
type RangeFault string

// The faults of a server of ranges. All but IgnoreRanges claim in their
// headers to take ranges.
const (
	NoRangeFault  RangeFault = ""
	IgnoreRanges  RangeFault = "ignore"       // 200 and the whole, whatever was asked for
	OtherPlace    RangeFault = "other place"  // 206, and Content-Range names another place than asked for
	OtherSize     RangeFault = "other size"   // 206, and Content-Range names another size of the file each time
	OtherBytes    RangeFault = "other bytes"  // 206, Content-Range as asked for, bytes of another place
	OtherVersion  RangeFault = "other file"   // another ETag each time: If-Range gives the whole
	DieHalfway    RangeFault = "die"          // half of what was promised, then the connection breaks
	RefuseRanges  RangeFault = "refuse"       // 416 to any range, 200 without
	LieAboutBytes RangeFault = "lie in bytes" // 206 with headers in order, one byte in 64 KiB is wrong
)

// Ranged is one file that a site serves in ranges. It counts what it sends, so
// that a test can hold a look at a part against the size of the whole. It is
// safe for concurrent use.
type Ranged struct {
	mediaType string
	at        io.ReaderAt
	size      int64

	mu     sync.Mutex
	fault  RangeFault
	sent   int64
	asked  []string
	answer int
}

// NewRanged serves size bytes of at.
func NewRanged(mediaType string, at io.ReaderAt, size int64) *Ranged {
	return &Ranged{mediaType: mediaType, at: at, size: size}
}

// Fault makes it misbehave from the next request on.
func (f *Ranged) Fault(fault RangeFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// Size is that of the whole file.
func (f *Ranged) Size() int64 { return f.size }

// Sent counts the bytes of bodies that went out.
func (f *Ranged) Sent() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

// Asked lists the Range headers of all requests, "" for one without, in order.
func (f *Ranged) Asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked...)
}

func (f *Ranged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.Header.Get("Range"))
	f.answer++
	fault, answer := f.fault, f.answer
	f.mu.Unlock()
	w.Header().Set("Content-Type", f.mediaType)
	w.Header().Set("ETag", fmt.Sprintf(`"%x-ranged"`, f.size))
	out := &countedWriter{ResponseWriter: w, file: f}
	at := f.at
	from, to, ranged := firstRange(r.Header.Get("Range"), f.size)
	switch {
	case fault == IgnoreRanges:
		r.Header.Del("Range")
		out.hide = true
	case fault == RefuseRanges && ranged:
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", f.size))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	case fault == OtherVersion:
		w.Header().Set("ETag", fmt.Sprintf(`"%x-version-%d"`, f.size, answer))
	case fault == DieHalfway:
		out.dies = true
	case fault == OtherPlace && ranged:
		out.place = func(total string) string { return fmt.Sprintf("bytes %d-%d/%s", from+1, to+1, total) }
	case fault == OtherSize && ranged:
		out.place = func(string) string { return fmt.Sprintf("bytes %d-%d/%d", from, to, f.size+int64(answer)) }
	case fault == OtherBytes && ranged:
		at = shifted{f.at, f.size}
	case fault == LieAboutBytes && ranged:
		at = spoiled{f.at}
	}
	http.ServeContent(out, r, "", changed(), io.NewSectionReader(at, 0, f.size))
}

// firstRange reads "bytes=a-b", "bytes=a-" and "bytes=-n".
func firstRange(header string, size int64) (from, to int64, ok bool) {
	var n int64
	switch {
	case strings.HasPrefix(header, "bytes=-"):
		_, err := fmt.Sscanf(header, "bytes=-%d", &n)
		return max(size-n, 0), size - 1, err == nil
	default:
		if k, _ := fmt.Sscanf(header, "bytes=%d-%d", &from, &to); k == 2 {
			return from, min(to, size-1), true
		} else if k == 1 {
			return from, size - 1, true
		}
	}
	return 0, size - 1, false
}

// countedWriter counts and, when told so, rewrites the head or breaks off.
type countedWriter struct {
	http.ResponseWriter
	file  *Ranged
	hide  bool                      // takes Accept-Ranges away
	place func(total string) string // another Content-Range
	dies  bool
	left  int64 // bytes until it dies
}

// WriteHeader sets what the fault says of the range.
func (w *countedWriter) WriteHeader(status int) {
	h := w.Header()
	if w.hide {
		h.Del("Accept-Ranges")
	}
	if w.place != nil && status == http.StatusPartialContent {
		_, total, _ := strings.Cut(h.Get("Content-Range"), "/")
		h.Set("Content-Range", w.place(total))
	}
	var length int64
	fmt.Sscan(h.Get("Content-Length"), &length)
	w.left = length / 2
	w.ResponseWriter.WriteHeader(status)
}

// Write counts what went out.
func (w *countedWriter) Write(b []byte) (int, error) {
	if w.dies && int64(len(b)) > w.left {
		b = b[:w.left]
		defer panic(http.ErrAbortHandler)
	}
	w.left -= int64(len(b))
	w.file.mu.Lock()
	w.file.sent += int64(len(b)) // before: who has read the last byte may ask
	w.file.mu.Unlock()
	n, err := w.ResponseWriter.Write(b)
	if f, ok := w.ResponseWriter.(http.Flusher); ok && w.dies {
		f.Flush()
	}
	return n, err
}

// shifted gives at each place the bytes of another.
type shifted struct {
	io.ReaderAt
	size int64
}

func (s shifted) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(b, (off+s.size/3)%s.size)
	clear(b[n:])
	if n > 0 {
		return len(b), nil
	}
	return n, err
}

// spoiled turns one byte in 64 KiB round.
type spoiled struct{ io.ReaderAt }

func (s spoiled) ReadAt(b []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(b, off)
	const every = 64 << 10
	for at := (off+every-1)/every*every + 777; at < off+int64(n); at += every {
		b[at-off] ^= 0xff
	}
	return n, err
}
