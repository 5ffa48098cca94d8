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
	"time"

	"leakwatch/internal/kv"
)

const (
	maxPlaces  = 100    // sightings of a finding that are kept whole
	maxCounted = 10_000 // sightings of a finding that are counted

	maxPrevious = 100 // closed alerts of a matter that are asked for a decision
)

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
		r.Kind = cmp.Or(r.Kind, KindPicture)
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

// SeenAgain notes that an unchanged picture, text or container still stands at
// url. It lengthens the sightings of what is known of it and opens nothing: that
// a closed matter is still in its place is no news. Of a container only the
// alerts are touched, for it may hold a hundred thousand findings.
func (a *Alerts) SeenAgain(ctx context.Context, site, sum, url string, when time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil || len(raw) != sha256.Size {
		return &InvalidError{Field: "sha256", Value: sum, Why: "needs 64 hex digits"}
	}
	key, box := join(prefix(site), raw), boxKey(site, url)
	known := false
	err = a.db.View(func(tx *kv.Tx) error {
		k, _ := bucket(tx, "pictures").Cursor().Seek(key)
		b, _ := bucket(tx, "boxes").Cursor().Seek(box)
		known = hasPrefix(k, key) || hasPrefix(b, box)
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
		for _, k := range keys(bucket(tx, "boxes"), box, 0) {
			if err := m.boxSeenAgain(string(k[len(box):]), when.UnixNano()); err != nil {
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
	if no, err := m.dismissed(r); no || err != nil {
		return err
	}
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
	if !known || old.SHA256 != next.SHA256 || r.Container != "" {
		if err := m.remember(c, r, key); err != nil {
			return err
		}
	}
	if known {
		next = merge(old, next)
	} else {
		c.Findings++
	}
	if err := m.place(key, &next, place{URL: r.URL, Page: r.Page, Container: r.Container, Member: r.Member, First: r.At.UnixNano(), Last: r.At.UnixNano()}); err != nil {
		return err
	}
	c.see(next.First, next.Last)
	if c.Most = max(c.Most, next.size()); next.size() > c.stated.size() {
		c.stated = next
	}
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

// dismissed reports whether people called the same manifest or text a false
// positive in an alert that was closed since: it opens none anew. Of pictures
// the room of hash sets knows it, and their near copies.
func (m *matters) dismissed(r *Report) (bool, error) {
	if r.Kind == KindPicture {
		return false, nil
	}
	id := string(bucket(m.tx, "matters").Get(matterKey(r.Site, r.Set)))
	for range maxPrevious {
		if id == "" {
			return false, nil
		}
		of, err := m.load(id)
		if err != nil {
			return false, err
		}
		if of.State == StateClosed && string(bucket(m.tx, "decisions").Get(join([]byte(id), r.findingID()))) == falsePositive {
			return true, nil
		}
		id = of.Previous
	}
	return false, nil
}

// remember makes the finding at key known by its bytes, and the alert by the
// container, for SeenAgain.
func (m *matters) remember(c *change, r *Report, key []byte) error {
	sum, err := hex.DecodeString(r.SHA256)
	if err != nil {
		return err
	}
	if r.Container != "" {
		if err := bucket(m.tx, "boxes").Put(join(boxKey(r.Site, r.URL), []byte(c.ID)), nil); err != nil {
			return err
		}
	}
	return bucket(m.tx, "pictures").Put(join(prefix(r.Site), sum, key), nil)
}

func boxKey(site, url string) []byte { return join(prefix(site), short([]byte(url))) }

// merge keeps the stronger facts: an alert never weakens by itself. The first
// sighting says where it was found.
func merge(old, next found) found {
	best := old
	if order := slices.Compare(next.strength(), old.strength()); order < 0 || order == 0 && value(next.Of) > value(old.Of) {
		best = next
	}
	best.PDQ = cmp.Or(best.PDQ, old.PDQ, next.PDQ)
	first := old
	if next.First < old.First {
		first = next
	}
	best.URL, best.Page, best.Container, best.Member = first.URL, first.Page, first.Container, first.Member
	best.First, best.Last, best.Places = min(old.First, next.First), max(old.Last, next.Last), old.Places
	return best
}

// size is how many lines or selectors a manifest or a text names, 0 of a picture.
func (f *found) size() int {
	return max(value(f.Agree), value(f.Count))
}

// strength sorts the strongest first: verdict, then distance or, of manifests and
// texts, size. A verdict has either.
func (f *found) strength() []byte {
	key := []byte{byte(slices.Index(Verdicts(), f.Verdict))}
	if f.Kind == KindManifest || f.Kind == KindSelector {
		return binary.BigEndian.AppendUint32(key, ^uint32(min(f.size(), 1<<31)))
	}
	distance := 1<<16 - 1
	if f.Distance != nil {
		distance = min(max(*f.Distance, 0), distance)
	}
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
	whole, counted := join(key, []byte("a"), p.key()), join(key, []byte("b"), p.key())
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
	p.URL, p.Page, p.Container, p.Member = clean(p.URL), clean(p.Page), clean(p.Container), clean(p.Member)
	return putJSON(b, whole, &p)
}

// newest reports whether no later alert follows c.
func (m *matters) newest(c *change) bool {
	return string(bucket(m.tx, "matters").Get(matterKey(c.Site, c.Set))) == c.ID
}

// boxSeenAgain notes that a container stands there still, in which something of
// an alert was found.
func (m *matters) boxSeenAgain(id string, when int64) error {
	c, err := m.load(id)
	if err == nil && m.newest(c) {
		c.see(when, when)
	}
	return err
}

// seenAgain notes a sighting of the finding at key, if its alert is still the
// newest of its matter.
func (m *matters) seenAgain(key []byte, url string, when int64) error {
	c, err := m.load(string(key[:idLen]))
	if err != nil {
		return err
	}
	if !m.newest(c) {
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
