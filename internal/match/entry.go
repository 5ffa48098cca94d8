package match

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"leakwatch/internal/phash"
)

const (
	maxRef  = 200  // bytes
	maxPath = 4096 // bytes

	maxWindows = 64
	maxShape   = 1 << 24 // pixels of a side
)

// UnknownQuality is the Quality of a PDQ hash whose list does not tell it.
const UnknownQuality = -1

// Entry is one reference of a hash set: a fingerprint and an opaque ref.
// Empty strings and nil mean unknown.
type Entry struct {
	Ref     string // never a person's name or a plate; "" takes DefaultRef
	SHA256  string // 64 hex digits
	SHA1    string // 40
	CRC32   string // 8
	Path    string // as the list states it; with Size and nothing else, the entry is a manifest row
	Size    int64
	PDQ     *phash.PDQ
	Quality int // of the PDQ hash, 0 to 100 or UnknownQuality
	PHash   *phash.PHash

	// The detail that makes a crop, a page or another picture of the same camera
	// tell apart. Each of it shows more of the picture.
	Windows       []*phash.PDQ  // nil, or by phash.EntryWindows; nil where a window is too plain
	Points        *phash.Points // nil: none
	Thumb         *phash.Thumb  // nil: none
	Width, Height int           // of the upright picture; needed beside Thumb, else 0

	From string // the file that the row was read from; not stored
	Line int    // and its line; not stored
}

// DefaultRef is the ref of an entry that brings none: the first 16 hex digits
// of the file's SHA-256, or else of what there is, with its kind before it
// ("pdq:f8f8f0cee0f4a84f"). A path gives the digest of the path, never itself:
// it may carry a plate.
func DefaultRef(e Entry) string {
	switch {
	case len(e.SHA256) == 64:
		return e.SHA256[:16]
	case e.PDQ != nil:
		return "pdq:" + hex.EncodeToString(e.PDQ[:8])
	case e.PHash != nil:
		return "phash:" + e.PHash.String()
	case len(e.SHA1) == 40:
		return "sha1:" + e.SHA1[:16]
	default:
		sum := sha256.Sum256([]byte(e.Path + "\x00" + e.CRC32 + "\x00" + strconv.FormatInt(e.Size, 10)))
		return "path:" + hex.EncodeToString(sum[:8])
	}
}

// manifest reports whether e is a row of path and size alone.
func (e *Entry) manifest() bool {
	return e.SHA256 == "" && e.SHA1 == "" && e.CRC32 == "" && e.PDQ == nil && e.PHash == nil
}

// The levels of detail, each with all before it.
const (
	Hashes    = "hashes"
	Windows   = "windows"
	Keypoints = "keypoints"
)

// level is how much detail e brings.
func (e *Entry) level() string {
	switch {
	case e.Points != nil || e.Thumb != nil:
		return Keypoints
	case e.Windows != nil:
		return Windows
	}
	return Hashes
}

// settle puts e into the form that is stored, or says why it cannot be.
func (e *Entry) settle() (reason string) {
	if e.manifest() && e.Path == "" {
		return "no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size"
	}
	for _, f := range []struct {
		name   string
		value  *string
		digits int
	}{{"sha256", &e.SHA256, 64}, {"sha1", &e.SHA1, 40}, {"crc32", &e.CRC32, 8}} {
		if reason := settleHex(f.name, f.value, f.digits); reason != "" {
			return reason
		}
	}
	if e.PDQ == nil {
		e.Quality = UnknownQuality
	}
	switch {
	case e.Quality < UnknownQuality || e.Quality > 100:
		return fmt.Sprintf("quality is 0 to 100, not %d", e.Quality)
	case e.Size < 0:
		return fmt.Sprintf("size is not negative, as %d is", e.Size)
	case len(e.Windows) > maxWindows:
		return fmt.Sprintf("%d windows, at most %d are known", len(e.Windows), maxWindows)
	case e.Width < 0 || e.Height < 0 || max(e.Width, e.Height) > maxShape:
		return fmt.Sprintf("a picture of %d x %d", e.Width, e.Height)
	case (e.Thumb != nil || e.Points != nil) && min(e.Width, e.Height) == 0:
		return "keypoints and a thumbprint need width and height"
	case len(e.Path) > maxPath:
		return fmt.Sprintf("path has %d bytes, at most %d are taken", len(e.Path), maxPath)
	case strings.IndexByte(e.Path, 0) >= 0:
		return "path holds a NUL byte: no file is named so, and an export with it would not be text"
	}
	e.Path = strings.ToValidUTF8(e.Path, "\uFFFD")
	if e.Ref == "" {
		e.Ref = DefaultRef(*e)
	}
	return checkRef(e.Ref)
}

func checkRef(ref string) (reason string) {
	switch {
	case len(ref) > maxRef:
		return fmt.Sprintf("ref has %d bytes, at most %d are taken", len(ref), maxRef)
	case !utf8.ValidString(ref):
		return "ref is not UTF-8: save the list as UTF-8"
	case strings.ContainsFunc(ref, unicode.IsControl):
		return fmt.Sprintf("ref holds a control character: %q", ref)
	}
	return ""
}

// settleHex lowers *s, which is "" or exactly so many hex digits.
func settleHex(name string, s *string, digits int) (reason string) {
	if *s == "" {
		return ""
	}
	if reason := checkHex(name, *s, digits); reason != "" {
		return reason
	}
	*s = strings.ToLower(*s)
	return ""
}

// checkHex says why s is not so many hex digits, or "".
func checkHex(name, s string, digits int) (reason string) {
	hexed := isHex(s)
	switch {
	case hexed && len(s) == digits:
		return ""
	case isNumber(s):
		return fmt.Sprintf("%s is %q: a spreadsheet turned this hash into a number; export the column as text", name, s)
	case !hexed:
		return fmt.Sprintf("%s is not hex", name)
	case strings.Trim(s, "0123456789") == "" && len(s) < digits:
		return fmt.Sprintf("%s has %d hex digits, not %d; a spreadsheet drops leading zeros", name, len(s), digits)
	}
	return fmt.Sprintf("%s has %d hex digits, not %d", name, len(s), digits)
}

func isHex(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// isNumber knows what spreadsheets write: 1.23457E+57, 1,2E+15.
func isNumber(s string) bool {
	return len(s) < 40 && regexp.MustCompile(`^[+-]?[0-9]+([.,][0-9]+)?[eE][+-][0-9]+$|^[+-]?[0-9]+[.,][0-9]+$`).MatchString(s)
}
