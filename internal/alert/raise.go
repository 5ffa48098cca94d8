package alert

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"leakwatch/internal/kv"
)

const (
	maxPlaces  = 100    // sightings of a finding that are kept whole
	maxCounted = 10_000 // sightings of a finding that are counted
	maxName    = 200    // bytes of a site's or a set's name
)

// Report is one hit, as the inspection found it.
type Report struct {
	Site, Set           string
	SetVersion          int
	Kind                string // picture
	Verdict             string // one of Verdicts
	Ref                 string
	Distance, Lead      *int
	Algorithm           string
	Orientation         int
	Window, EntryWindow *[4]float64 // nil: the whole picture
	Frame               int         // of an animation, or page; 0 is the first
	Stage               string
	SHA256, Format      string // of the found bytes, 64 hex digits
	PDQ                 string // of Window, upright, 64 hex digits; "": not known. Kept, never shown
	Width, Height       int
	URL, Page           string
	At                  time.Time // zero: now
	Explain             map[string]any
}

// check refuses what could not be stored or found again.
func (r *Report) check() error {
	for field, value := range map[string]string{"site": r.Site, "set": r.Set} {
		if value == "" || len(value) > maxName || strings.ContainsRune(value, 0) {
			return &InvalidError{Field: field, Value: value, Why: fmt.Sprintf("needs 1 to %d bytes, none of them zero", maxName)}
		}
	}
	if !slices.Contains(Verdicts(), r.Verdict) {
		return &InvalidError{Field: "verdict", Value: r.Verdict, Allowed: Verdicts()}
	}
	if sum, err := hex.DecodeString(r.SHA256); err != nil || len(sum) != sha256.Size {
		return &InvalidError{Field: "sha256", Value: r.SHA256, Why: "needs 64 hex digits"}
	}
	return nil
}

// findingID comes from what was found, not from a counter: raising again finds
// the same.
func (r *Report) findingID() []byte {
	window := ""
	if r.Window != nil {
		window = fmt.Sprint(*r.Window)
	}
	if r.Frame > 0 {
		window += fmt.Sprint(" frame ", r.Frame)
	}
	sum := sha256.Sum256(prefix(r.Kind, r.Site, r.Set, strings.ToLower(r.SHA256), window))
	return sum[:findingLen]
}

func (r *Report) found() found {
	return found{
		Kind: r.Kind, Verdict: r.Verdict, Ref: clean(r.Ref), SetVersion: r.SetVersion, Distance: r.Distance, Lead: r.Lead,
		Algorithm: r.Algorithm, Orientation: r.Orientation, Window: r.Window, EntryWindow: r.EntryWindow, Frame: r.Frame, Stage: r.Stage,
		SHA256: strings.ToLower(r.SHA256), PDQ: r.PDQ, Format: clean(r.Format), Width: r.Width, Height: r.Height,
		URL: clean(r.URL), Page: clean(r.Page), Explain: r.Explain, First: r.At.UnixNano(), Last: r.At.UnixNano(),
	}
}

// Raise notes what was found. When it returns, alert, findings and the notices
// that must go out are on the disk, all of them or none. Raising the same again
// changes nothing; another URL of the same picture is another sighting of the
// same finding. What is found after the alert was closed opens a new one.
func (a *Alerts) Raise(ctx context.Context, reports []Report) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	reports = slices.Clone(reports)
	for i := range reports {
		r := &reports[i]
		if err := r.check(); err != nil {
			return fmt.Errorf("raise alert: %w", err)
		}
		r.Kind = cmp.Or(r.Kind, "picture")
		if r.At.IsZero() {
			r.At = time.Now()
		}
	}
	if len(reports) == 0 {
		return nil
	}
	var m *matters
	err := a.db.Batch(func(tx *kv.Tx) error {
		m = openMatters(tx)
		for i := range reports {
			if err := m.raise(&reports[i]); err != nil {
				return err
			}
		}
		return m.save()
	})
	if err != nil {
		return fmt.Errorf("raise alert: %w", err)
	}
	a.announce(m)
	return nil
}

// SeenAgain notes that an unchanged picture still stands at url. It lengthens
// the sightings of what is known of it and opens nothing: that a closed
// matter is still in its place is no news.
func (a *Alerts) SeenAgain(ctx context.Context, site, sum, url string, when time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != sha256.Size {
		return &InvalidError{Field: "sha256", Value: sum, Why: "needs 64 hex digits"}
	}
	key := join(prefix(site), raw)
	known := false
	err = a.db.View(func(tx *kv.Tx) error {
		k, _ := bucket(tx, "pictures").Cursor().Seek(key)
		known = hasPrefix(k, key)
		return nil
	})
	if err != nil || !known {
		return err // most pictures are in no alert: no transaction for them
	}
	err = a.db.Batch(func(tx *kv.Tx) error {
		m := openMatters(tx)
		for _, k := range keys(bucket(tx, "pictures"), key, 0) {
			if err := m.seenAgain(k[len(key):], url, when.UnixNano()); err != nil {
				return err
			}
		}
		return m.save()
	})
	if err != nil {
		return fmt.Errorf("note sighting: %w", err)
	}
	return nil
}

// announce logs what a committed transaction opened, and wakes the channels.
func (a *Alerts) announce(m *matters) {
	for _, c := range m.order {
		if c.before == nil {
			a.log.Info("alert opened", "alert", c.ID, "site", c.Site, "set", c.Set, "verdict", c.verdict())
		}
	}
	if m.told {
		a.rouse()
	}
}

// raise adds one report to its matter.
func (m *matters) raise(r *Report) error {
	c, err := m.of(r.Site, r.Set, r.At)
	if err != nil {
		return err
	}
	key := join([]byte(c.ID), r.findingID())
	next := r.found()
	var old found
	known, err := getJSON(m.findings, key, &old)
	if err != nil {
		return err
	}
	if known {
		next = merge(old, next)
	} else {
		c.Findings++
		sum, err := hex.DecodeString(r.SHA256)
		if err != nil {
			return err
		}
		if err := bucket(m.tx, "pictures").Put(join(prefix(r.Site), sum, key), nil); err != nil {
			return err
		}
	}
	if err := m.place(key, &next, place{URL: r.URL, Page: r.Page, First: r.At.UnixNano(), Last: r.At.UnixNano()}); err != nil {
		return err
	}
	c.see(next.First, next.Last)
	if known {
		if err := m.unrank(c, key, &old); err != nil {
			return err
		}
	}
	if err := m.rank(c, key, &next); err != nil {
		return err
	}
	return putJSON(m.findings, key, &next)
}

// merge keeps the stronger facts: an alert never weakens by itself. The first
// sighting says where it was found.
func merge(old, next found) found {
	best := old
	if slices.Compare(next.strength(), old.strength()) < 0 {
		best = next
	}
	best.PDQ = cmp.Or(best.PDQ, old.PDQ, next.PDQ)
	best.URL, best.Page = old.URL, old.Page
	if next.First < old.First {
		best.URL, best.Page = next.URL, next.Page
	}
	best.First, best.Last, best.Places = min(old.First, next.First), max(old.Last, next.Last), old.Places
	return best
}

// strength sorts the strongest first: verdict, then distance.
func (f *found) strength() []byte {
	distance := 1<<16 - 1
	if f.Distance != nil {
		distance = min(max(*f.Distance, 0), distance)
	}
	key := []byte{byte(slices.Index(Verdicts(), f.Verdict))}
	return binary.BigEndian.AppendUint16(key, uint16(distance))
}

// rankKey is the place of a finding in its alert: the strongest first, of
// equals the oldest.
func rankKey(key []byte, f *found) []byte {
	first := binary.BigEndian.AppendUint64(nil, uint64(f.First)^1<<63)
	return join(key[:idLen], f.strength(), first, key[idLen:])
}

// countsRef reports whether the ref of f counts: only of these verdicts is it
// sure.
func (f *found) countsRef() bool {
	return f.Ref != "" && (f.Verdict == "exact" || f.Verdict == "copy")
}

func (m *matters) rank(c *change, key []byte, f *found) error {
	c.Verdicts[f.Verdict]++
	if f.countsRef() {
		if err := m.addRef(c, f.Ref, 1); err != nil {
			return err
		}
	}
	return bucket(m.tx, "ranks").Put(rankKey(key, f), nil)
}

func (m *matters) unrank(c *change, key []byte, f *found) error {
	c.Verdicts[f.Verdict]--
	if f.countsRef() {
		if err := m.addRef(c, f.Ref, -1); err != nil {
			return err
		}
	}
	return bucket(m.tx, "ranks").Delete(rankKey(key, f))
}

// addRef counts how many findings of the alert name ref.
func (m *matters) addRef(c *change, ref string, by int) error {
	b, key := bucket(m.tx, "refs"), join([]byte(c.ID), []byte(ref))
	n := 0
	if data := b.Get(key); data != nil {
		var err error
		if n, err = strconv.Atoi(string(data)); err != nil {
			return fmt.Errorf("read record %q: %w", key, err)
		}
	}
	if n == 0 {
		c.Refs++
	}
	if n += by; n == 0 {
		c.Refs--
		return b.Delete(key)
	}
	return b.Put(key, strconv.AppendInt(nil, int64(n), 10))
}

// place notes one sighting of the finding at key and counts it in f.
func (m *matters) place(key []byte, f *found, p place) error {
	b := bucket(m.tx, "sightings")
	sum := sha256.Sum256([]byte(p.URL))
	whole, counted := join(key, []byte("a"), sum[:12]), join(key, []byte("b"), sum[:12])
	var old place
	known, err := getJSON(b, whole, &old)
	switch {
	case err != nil:
		return err
	case known:
		if p.First >= old.First && p.Last <= old.Last {
			return nil
		}
		old.First, old.Last = min(old.First, p.First), max(old.Last, p.Last)
		return putJSON(b, whole, &old)
	case b.Get(counted) != nil || f.Places >= maxCounted:
		return nil
	}
	f.Places++
	if f.Places > maxPlaces {
		return b.Put(counted, []byte{1})
	}
	p.URL, p.Page = clean(p.URL), clean(p.Page)
	return putJSON(b, whole, &p)
}

// seenAgain notes a sighting of the finding at key, if its alert is still the
// newest of its matter.
func (m *matters) seenAgain(key []byte, url string, when int64) error {
	c, err := m.load(string(key[:idLen]))
	if err != nil {
		return err
	}
	if string(bucket(m.tx, "matters").Get(matterKey(c.Site, c.Set))) != c.ID {
		return nil
	}
	var f found
	if _, err := getJSON(m.findings, key, &f); err != nil {
		return err
	}
	old := f
	if err := m.place(key, &f, place{URL: url, First: when, Last: when}); err != nil {
		return err
	}
	if when < f.First {
		f.First, f.URL, f.Page = when, clean(url), ""
	}
	f.Last = max(f.Last, when)
	c.see(when, when)
	if err := errors.Join(m.unrank(c, key, &old), m.rank(c, key, &f)); err != nil {
		return err
	}
	return putJSON(m.findings, key, &f)
}
