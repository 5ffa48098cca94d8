// Package seen answers: did we ever look at this, where, and since when?
//
// It keeps the fingerprints of every picture and the lines of every manifest
// ever looked at, never a picture. A hash set that is loaded later is answered
// for the past from here.
//
// Read note.go first, then record.go and index.go for what lies in the file;
// manifest.go and lines.go are the same for manifests, find.go answers people.
package seen

// The buckets of this room. Numbers in keys are big endian. A row is the number
// of a picture, in the order in which they were first seen: ten million random
// digests for keys would take ten times as long to write.
//
//	seen.pictures  row (4)                     => picture, see record.go
//	seen.index     row / 64 (4)                => digests of 64 rows, see index.go; its sequence counts windows
//	seen.places    row (4), hash of place (8)  => a further place, see place.go
//	seen.strings   number (4)                  => text that many records share
//	seen.manifests number (4)                  => manifest, see manifest.go
//	seen.manifestof hash of place (16)         => number of its manifest (4)
//	seen.lines     manifest (4), block (4)     => packed lines, see lines.go
//	seen.linekeys  manifest (4), block (4)     => what the lines are found by
//	seen.marks     name                        => where somebody stopped

import (
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

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

// Stay is a place with the time between the first and the last look.
type Stay struct {
	Place
	First, Last time.Time // to the second
}

// Picture is what is kept of a picture.
type Picture struct {
	SHA256        [32]byte
	PDQ           *phash.PDQ    // of the whole, upright; nil: none
	Turns         *[8]phash.PDQ // of PDQ, index o-1 for EXIF orientation o; nil when noted: derived from PDQ, which is bits off
	Quality       int           // of PDQ
	PHash         *uint64       // nil: none
	Width, Height int           // of the upright picture; 0: not known
	Windows       []Window      // the best first; see MaxWindows for how many are kept
	Cause         string        // of its last look: "ok", or why it could not be judged; "": it was never looked at
	Sight         uint64        // by which sets and rules the last look judged
	Nothing       bool          // and that it found nothing that people must hear of
	First, Last   time.Time     // to the second
	Place                       // the first one where it stood
}

// Window is a part of a picture that is looked for on its own.
type Window struct {
	Window  phash.Window  // phash.Whole: the whole picture, enlarged
	PDQ     phash.PDQ     // upright
	Turns   *[8]phash.PDQ // as Picture.Turns, but kept for phash.Whole alone; else derived from PDQ
	Quality int
}

// How many windows are kept: two of each picture, and up to MaxWindows while
// there are no more than windowsEach to a picture in all. Few pictures are sheets
// or pages, but those hold many; and no site that posts sheets alone makes ten
// million pictures take more than 3 GB.
const (
	MaxWindows    = 24
	alwaysWindows = 2
	windowsEach   = .5
	windowsAhead  = 1000 // so that the first pictures may be sheets
)

// Manifest is what a container or a listing stated, over all looks at it.
type Manifest struct {
	Stay
	Lines []container.Line // in the order in which they were first seen
}

// Options are the outside of the room.
type Options struct{}

// Seen is the memory of what was looked at. It is safe for many goroutines.
type Seen struct {
	db    *kv.DB
	index index
	texts *lru.Cache[string, uint32] // numbers of texts that are on the disk
	names *lru.Cache[uint32, string] // the same the other way

	manifests sync.Mutex // one manifest is noted at a time
}

// keptTexts bounds the texts that are remembered. One that is forgotten is
// stored again when it comes back, which does no harm.
const keptTexts = 1 << 15

// Open makes the room's buckets in db, which stays the caller's to close.
func Open(db *kv.DB, _ Options) (*Seen, error) {
	s := &Seen{db: db}
	var err1, err2 error
	s.texts, err1 = lru.New[string, uint32](keptTexts)
	s.names, err2 = lru.New[uint32, string](keptTexts)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	err := db.Update(func(tx *kv.Tx) error {
		for _, name := range []string{"pictures", "index", "places", "strings", "manifests", "manifestof", "lines", "linekeys", "marks"} {
			if _, err := tx.CreateBucketIfNotExists([]byte("seen." + name)); err != nil {
				return fmt.Errorf("make bucket %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open what was seen: %w", err)
	}
	return s, nil
}

func bucket(tx *kv.Tx, name string) *kv.Bucket { return tx.Bucket([]byte("seen." + name)) }

// Totals are how much is remembered.
type Totals struct {
	Pictures  int `json:"pictures"`
	Manifests int `json:"manifests"`
}

// Totals counts.
func (s *Seen) Totals() (t Totals, err error) {
	err = s.db.View(func(tx *kv.Tx) error {
		t.Pictures, t.Manifests = int(bucket(tx, "pictures").Sequence()), int(bucket(tx, "manifests").Sequence())
		return nil
	})
	return t, err
}
