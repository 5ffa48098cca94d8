// Package container answers: which files hide in these bytes, and what do the
// bytes state of them?
//
// An archive, a document, a mail, a text with pictures in base64: each is a
// container, and what it holds are members. Bytes come from strangers, so
// everything is bounded before it is allocated, and nothing is ever written to
// the disk. What cannot be opened is a member with a cause, never an error and
// never silence.
package container

import (
	"io"
	"time"
)

// Limits bound one walk through an outermost container and all that is in it.
// Zero means the default of DefaultLimits.
type Limits struct {
	Depth   int           // containers in containers: 3
	Members int           // of all containers together: 1,000,000
	Total   int64         // bytes unpacked: 1 TiB
	Ratio   int           // unpacked to packed, after 16 MiB unpacked: 200
	Window  int64         // dictionary of a decompressor, bytes: 64 MiB
	Memory  int64         // bytes held at once by one walk: 256 MiB
	Time    time.Duration // of one walk; 0: no limit
}

// DefaultLimits are those of an unwritten config.
func DefaultLimits() Limits {
	return Limits{Depth: 3, Members: 1_000_000, Total: 1 << 40, Ratio: 200, Window: 64 << 20, Memory: 256 << 20}
}

// Source is what is to be opened: bytes that can be read anywhere, or only once
// from front to back. An error of At or Stream that has a method Cause() string
// is the cause of what could not be read; any other is damage.
type Source struct {
	Name   string      // file name or last segment of the URL; only a hint
	At     io.ReaderAt // nil: only Stream
	Stream io.Reader   // from the first byte; nil: only At
	Size   int64       // bytes; -1: not known, then At is nil
	Parts  []Part      // of a split archive, made by Join; else nil
	Kept   *Kept       // by walks over the same bytes, one after the other, so that a directory is read once; or nil
}

// Kept is the directory that an earlier walk read. The zero value is ready.
type Kept struct {
	source, from int64 // size of the source, and where the directory begins
	directory    []byte
}

// Options say what is wanted of a walk.
type Options struct {
	Limits Limits
	From   int               // the Next of an earlier walk, or the index of the first member of the outermost container to be visited; what comes before is passed over
	List   bool              // names and sizes only: no member is unpacked. Costs a directory, where the format has one
	Only   func(Member) bool // of the outermost container: which members are unpacked; nil: all. The others are still visited, without a body and without a cause
}

// Member is one entry of a container.
type Member struct {
	Name   string  // nested names from the outermost in, joined by "!"; cleaned of control characters, at most 4 KiB
	Index  int     // of the entry of the outermost container that it is, or is in
	Format string  // of a container that was opened, or could not be; "" for a leaf
	Size   int64   // unpacked, as stated; -1: not stated
	Packed int64   // as stated; -1: not stated
	CRC32  *uint32 // as stated
	SHA1   []byte  // as stated by a torrent, or nil
	SHA256 []byte
	Dir    bool   // a folder: counted by nobody
	Cause  string // "" or why it was not looked at, or not wholly: a code of the list of causes
	Why    string // may be a note without a cause: bytes behind the end of a container
}

// Visit receives the members in their order; of a container inside first its
// members and then itself, with Format and the cause that it ended with. body
// is nil where there is nothing to read: List, Only, a cause, a container. The
// cause bad_path alone comes with a body: the name is refused, the bytes are
// not. What is not read of body is passed over. Reading past a limit or damage,
// and the end of a body whose CRC is not as stated, is an error that CauseOf
// knows; a limit comes with the container afterwards too.
// Enough ends the walk in good order; another error ends it and is returned.
type Visit func(m Member, body io.Reader) error

// Report says how a walk ended.
type Report struct {
	Format  string // of the outermost container
	Members int    // leaves visited, folders apart
	Bytes   int64  // unpacked
	Next    int    // From of a later walk that goes on; 0: nothing is left. See Position
	Cause   string // "" or why not all was seen: of the outermost container itself
	Why     string
}

// Line is what a manifest states of one member. Unknown sizes are -1.
type Line struct {
	Name   string // with its folders, as stated
	Size   int64
	CRC32  *uint32
	SHA1   []byte // 20 bytes, or nil
	SHA256 []byte // 32 bytes, or nil

	// Of a size that was stated rounded, as 1.2M: then Size is -1.
	AtLeast, AtMost int64
}
