// Package seen answers: did we ever look at this, where, and since when?
//
// It keeps the fingerprints of every picture and the lines of every manifest
// ever looked at, never a picture. A hash set that is loaded later is answered
// for the past from here.
package seen

import (
	"context"
	"errors"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/kv"
	"leakwatch/internal/phash"
)

// ErrDamaged is returned when a record is not what was written.
var ErrDamaged = errors.New("the store of what was seen is damaged")

// Place is where something was seen.
type Place struct {
	Site      string
	URL       string // of the picture, or of the outermost container that it is in
	Page      string // where the link stood; "" for a seed
	Container string // format of the outermost container; "" for none
	Member    string // nested names joined by "!"; "" for none
}

// Picture is what is kept of a picture.
type Picture struct {
	SHA256        [32]byte
	PDQ           *phash.PDQ    // of the whole, upright; nil: none
	Turns         *[8]phash.PDQ // of PDQ, index o-1 for EXIF orientation o; nil when noted: derived from PDQ, some 6 bits off
	Quality       int           // of PDQ
	PHash         *uint64       // nil: none
	Width, Height int           // of the upright picture; 0: not known
	Windows       []Window      // the best of it, at most MaxWindows; more are cut off
	Cause         string        // of its last look: "ok", or why it could not be judged
	Sight         uint64        // by which sets and rules the last look judged
	Nothing       bool          // and that it found nothing that people must hear of
	First, Last   time.Time     // to the second
	Place                       // the first one where it stood
}

// Window is a part of a picture that is looked for on its own.
type Window struct {
	Window  phash.Window  // phash.Whole: the whole picture, enlarged
	PDQ     phash.PDQ     // upright
	Turns   *[8]phash.PDQ // as Picture.Turns
	Quality int
}

// MaxWindows is how many windows of a picture are kept.
const MaxWindows = 2

// Manifest is what a container or a listing stated, over all looks at it.
type Manifest struct {
	Place
	First, Last time.Time
	Lines       []container.Line // in the order in which they were first seen
}

// Options are the outside of the room.
type Options struct{}

// Seen is the memory of what was looked at. It is safe for many goroutines.
type Seen struct{ db *kv.DB }

// Open makes the room's buckets in db, which stays the caller's to close.
func Open(db *kv.DB, o Options) (*Seen, error) { return &Seen{db: db}, nil }

// Note remembers pictures, all of them or none. It is durable when it returns;
// many callers share one fsync. Of a picture that is known First stays, Last
// is widened, another place is added, and the rest is that of the last look.
func (s *Seen) Note(ctx context.Context, pictures ...Picture) error { return nil }

// Picture returns what is kept of the picture with these bytes.
func (s *Seen) Picture(sha256 [32]byte) (Picture, bool, error) { return Picture{}, false, nil }

// NoteManifest remembers what a container or a listing states. Lines that the
// same place stated before are not kept twice. Durable when it returns.
func (s *Seen) NoteManifest(ctx context.Context, p Place, at time.Time, lines []container.Line) error {
	return nil
}
