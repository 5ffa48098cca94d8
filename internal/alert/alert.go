// Package alert answers: what was found where, what do people say of it, and
// whom have we told?
//
// An alert is the open matter of one site and one hash set. It holds findings,
// a finding holds sightings. Raising is idempotent and durable, and the notice
// that must go out is written in the same transaction: whatever line the
// process dies on, nothing is lost and nothing doubles.
package alert

// The buckets of this room. An id of an alert or a notice is a ULID of 26
// letters, one of a finding is 16 bytes in keys and 32 hex digits elsewhere.
// Strings before another part of a key end in a zero byte. "age" is the last
// sighting in nanoseconds, turned round, so that the newest sorts first.
//
//	alert.alerts     alert                       => record
//	alert.matters    site, set                   => newest alert of the two, open or closed
//	alert.seen       age, alert                  => (nothing)
//	alert.states     state, age, alert           => site
//	alert.sites      site, age, alert            => state
//	alert.sets       set, age, alert             => state
//	alert.findings   alert, finding              => found
//	alert.ranks      alert, rank, finding        => (nothing); the strongest sorts first
//	alert.pictures   site, sha256, alert, finding => (nothing)
//	alert.boxes      site, hash of URL, alert    => (nothing); of containers in which something was found
//	alert.sightings  alert, finding, 'a' or 'b', hash of URL and member => sighting; under 'b' only the key counts
//	alert.refs       alert, ref                  => number of findings, decimal
//	alert.decisions  alert, finding              => decision
//	alert.reviews    alert, number (8 bytes)     => Reviewed
//	alert.notices    notice                      => Notice
//	alert.channels   name                        => channelRecord
//	alert.pending    channel, notice             => pendingRecord
//	alert.delivered  notice, channel             => when, RFC 3339
//	alert.dead       notice, channel             => pendingRecord
//	alert.told       kind, site                  => at of the last event told, nanoseconds, decimal

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"leakwatch/internal/kv"
)

// Schema is the schema of state.db that this room knows.
const Schema = 2

// Migrations lead older stores to Schema, one step each.
func Migrations() []func(*kv.Tx) error {
	return []func(*kv.Tx) error{
		func(*kv.Tx) error { return nil }, // to 2: findings of manifests and texts, of which older stores have none
	}
}

// Errors that callers branch on.
var (
	// ErrNoAlert: no alert has this id.
	ErrNoAlert = errors.New("no such alert")
	// ErrNoFinding: the alert holds no finding of this id.
	ErrNoFinding = errors.New("no such finding in this alert")
	// ErrFollowed: a closed alert cannot be opened again, a later one has taken its place.
	ErrFollowed = errors.New("a later alert follows this one")
)

// InvalidError is a value that is not on the list.
type InvalidError struct {
	Field   string
	Value   string
	Allowed []string // nil: any but this one
	Why     string   // in place of Allowed
}

func (e *InvalidError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("%s %q: %s", e.Field, e.Value, e.Why)
	}
	return fmt.Sprintf("%s %q is none of: %s", e.Field, e.Value, strings.Join(e.Allowed, ", "))
}

// oneOf returns nil when value is empty or allowed.
func oneOf(field, value string, allowed []string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return &InvalidError{Field: field, Value: value, Allowed: allowed}
}

// The states of an alert.
const (
	StateNew       = "new"
	StateInReview  = "in_review"
	StateConfirmed = "confirmed"
	StateClosed    = "closed"
)

// States lists the states of an alert.
func States() []string { return []string{StateNew, StateInReview, StateConfirmed, StateClosed} }

// Verdicts lists what a finding may be, strongest first.
func Verdicts() []string { return []string{"exact", "copy", "manifest", "selector", "kin"} }

const falsePositive = "false_positive"

// Decisions lists what an analyst may say of a finding.
func Decisions() []string {
	return []string{"confirmed", falsePositive, "same_camera", "duplicate", "illegal"}
}

// Alert is the open matter of one site and one hash set.
type Alert struct {
	ID        string    `json:"id"`
	Site      string    `json:"site"`
	Set       string    `json:"set"`
	State     string    `json:"state"`
	Verdict   string    `json:"verdict"`  // the strongest of its findings
	Findings  int       `json:"findings"` // how many
	Refs      int       `json:"refs"`     // distinct ones of exact and copy
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
	Assignee  *string   `json:"assignee"`
	Previous  *string   `json:"previous"` // the closed alert that it follows
}

// Detail is an alert with what it holds. Findings shadows the count of Alert,
// which is FindingsTotal here.
type Detail struct {
	Alert
	Findings      []Finding  `json:"findings"` // the strongest first, not all of a large alert
	FindingsTotal int        `json:"findings_total"`
	Reviews       []Reviewed `json:"reviews"` // the oldest first
}

// Kinds lists what a finding may be about.
func Kinds() []string { return []string{KindPicture, KindManifest, KindSelector} }

// The kinds of findings.
const (
	KindPicture  = "picture"
	KindManifest = "manifest" // what a container or a listing states of its members
	KindSelector = "selector" // a text that names selectors
)

// Finding is one found picture, manifest or text with its hit.
type Finding struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	Verdict     string         `json:"verdict"`
	Ref         *string        `json:"ref"`
	SetVersion  *int           `json:"set_version"`
	Distance    *int           `json:"distance"`
	Lead        *int           `json:"lead"`
	Algorithm   *string        `json:"algorithm"`
	Orientation *int           `json:"orientation"`
	Window      *[4]float64    `json:"window"`
	EntryWindow *[4]float64    `json:"entry_window"`
	Frame       *int           `json:"frame"` // of an animation, or page; 0 is the first
	Stage       *string        `json:"stage"`
	SHA256      string         `json:"sha256"` // of the found bytes; of a manifest, of its lines
	Format      *string        `json:"format"`
	Width       *int           `json:"width"`
	Height      *int           `json:"height"`
	URL         string         `json:"url"`
	Page        *string        `json:"page"`
	Container   *string        `json:"container"`
	Member      *string        `json:"member"`
	Seen        time.Time      `json:"seen"` // first of all sightings
	LastSeen    time.Time      `json:"last_seen"`
	Sightings   []Sighting     `json:"sightings"`       // the first ones, at most 100
	Places      int            `json:"sightings_total"` // counted up to 10,000
	Decision    *string        `json:"decision"`
	Agree       *int           `json:"agree"`   // lines of a manifest that state entries of the set
	Of          *int           `json:"of"`      // all its lines
	Count       *int           `json:"count"`   // distinct selectors in a text
	Samples     []string       `json:"samples"` // some of them, masked
	Explain     map[string]any `json:"explain"`
}

// Sighting is one place where what was found stood.
type Sighting struct {
	URL       string    `json:"url"`
	Page      *string   `json:"page"`
	Container *string   `json:"container"`
	Member    *string   `json:"member"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// Options are the outside of the room.
type Options struct {
	Log *slog.Logger // nil: silent
}

// Alerts is the memory of what was found and who was told.
type Alerts struct {
	db  *kv.DB
	log *slog.Logger

	mu   sync.Mutex
	wake chan struct{} // guarded by mu; closed when there is a new notice
}

// Open makes the room's buckets in db, which stays the caller's to close.
func Open(db *kv.DB, o Options) (*Alerts, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	err := db.Update(func(tx *kv.Tx) error {
		for _, name := range buckets() {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return fmt.Errorf("make bucket %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open alerts: %w", err)
	}
	return &Alerts{db: db, log: o.Log, wake: make(chan struct{})}, nil
}
