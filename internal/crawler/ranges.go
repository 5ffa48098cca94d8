package crawler

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// judgeRange holds the answer to a range against what was asked for, and
// reports whether its body is content. A server may send less than it was asked
// for, but from the same place on.
func (f *fetching) judgeRange(response *http.Response) bool {
	lies := func(format string, args ...any) bool {
		f.cause, f.why = RangeLies, fmt.Sprintf(format, args...)
		return false
	}
	text := response.Header.Get("Content-Range")
	from, to, size, ok := readContentRange(text)
	switch {
	case !ok:
		return lies("a range without its place: %q", short(text))
	case from != f.request.from || to > f.request.to || to > size:
		return lies("asked for bytes %d-%d, sent %s", f.request.from, f.request.to-1, short(text))
	case response.ContentLength >= 0 && response.ContentLength != to-from:
		return lies("%d bytes for %s", response.ContentLength, short(text))
	}
	f.size, f.length = size, to-from
	return true
}

// readContentRange reads "bytes 0-99/1000"; to is not included.
func readContentRange(text string) (from, to, size int64, ok bool) {
	text, bytes := strings.CutPrefix(text, "bytes ")
	place, total, slash := strings.Cut(text, "/")
	first, last, dash := strings.Cut(place, "-")
	var errs [3]error
	from, errs[0] = number(first)
	to, errs[1] = number(last)
	size, errs[2] = number(total)
	ok = bytes && slash && dash && errs == [3]error{} && from <= to && to < size
	return from, to + 1, size, ok
}

// number reads digits and nothing else.
func number(text string) (int64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 62)
	return int64(n), err
}
