package inspect_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

func TestCopyIsFoundOnce(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	ref := r.load("dataset", edited(t, photo, "png"))[0]
	file := edited(t, photo, "jpeg-q30")
	if got := r.shows("/a.jpg", file); got.Cause != crawler.OK || got.Verdict != "copy" || got.Known {
		t.Errorf("the first look gives %+v, want ok, copy, decoded", got)
	}
	if got := r.shows("/a.jpg", file); got.Verdict != "copy" || !got.Known {
		t.Errorf("the second look gives %+v, want copy, known", got)
	}
	f := r.finding()
	if *f.Ref != ref || f.Verdict != "copy" || *f.Algorithm != "pdq" || *f.Distance > 16 || *f.Orientation != 1 || f.Kind != "picture" {
		t.Errorf("finding %+v, want a copy of %s by pdq", f, ref)
	}
	sum := sha256.Sum256(file)
	if f.SHA256 != hex.EncodeToString(sum[:]) || *f.Format != "jpeg" || *f.Width == 0 || f.URL != "http://board/a.jpg" || *f.Page != "http://board/" || !f.Seen.Equal(at()) {
		t.Errorf("finding %+v does not say what was found where", f)
	}
	if *f.Window != [4]float64{0, 0, 1, 1} || *f.Stage != "hash" || f.Explain["rule"] == nil {
		t.Errorf("finding %+v does not say why", f)
	}
}

func TestSameBytesAreExact(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	if got := r.shows("/a.jpg", photo.JPEG); got.Verdict != "exact" {
		t.Errorf("the same bytes give %+v, want exact", got)
	}
	if f := r.finding(); *f.Algorithm != "sha256" || *f.Stage != "bytes" || *f.Distance != 0 {
		t.Errorf("finding %+v", f)
	}
}

// A page in the place of a picture, a stranger, a picture like the entry but
// not it: nobody is told.
func TestNothingIsRaised(t *testing.T) {
	r, photos := newRig(t), demo.Set(2, 21)
	r.load("dataset", photos[0].JPEG)
	for name, test := range map[string]struct {
		file  []byte
		cause crawler.Cause
	}{
		"page":     {[]byte("<!DOCTYPE html><title>gone</title>"), crawler.NotAPicture},
		"empty":    {nil, crawler.NotAPicture},
		"stranger": {photos[1].JPEG, crawler.OK},
		"bomb":     {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00"), crawler.LimitPixels},
	} {
		if got := r.shows("/"+name, test.file); got.Cause != test.cause || got.Verdict != "" {
			t.Errorf("%s gives %+v, want %s and no verdict", name, got, test.cause)
		}
	}
	if all := r.raised(); len(all) > 0 {
		t.Errorf("raised %+v, want nothing", all)
	}
}

// A hit that the rule calls weak is counted by nobody's inbox.
func TestWeakIsNotRaised(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	near := entryOf(t, photo.JPEG)
	far := *near.PDQ
	for i := range 7 { // 56 bits: within max_distance, beyond copy_distance
		far[4*i] ^= 0xff
	}
	r.loadEntries("dataset", match.Entry{Ref: "far", PDQ: &far, Quality: 100})
	if got := r.shows("/a.jpg", photo.JPEG); got.Verdict != "" || got.Cause != crawler.OK {
		t.Errorf("a weak hit gives %+v, want no verdict", got)
	}
	if all := r.raised(); len(all) > 0 {
		t.Errorf("raised %+v, want nothing", all)
	}
	seen, err := r.room.Look(t.Context(), photo.JPEG)
	if err != nil || len(seen.Hits) != 1 || seen.Hits[0].Verdict != match.Weak || *seen.Hits[0].Distance != 56 {
		t.Errorf("look gives %+v, %v, want one weak hit at 56: else nothing was proved", seen.Hits, err)
	}
}

// What was judged before one set was loaded is judged anew with it.
func TestNewSetIsSeenAtOnce(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("other", edited(t, demo.Set(2, 22)[1], "png"))
	before := r.room.Sight()
	for _, known := range []bool{false, true} {
		if got := r.shows("/a.jpg", photo.JPEG); got.Verdict != "" || got.Known != known {
			t.Errorf("before the load: %+v, want no verdict, known %v", got, known)
		}
	}
	r.load("dataset", edited(t, photo, "png"))
	if r.room.Sight() == before {
		t.Error("the sight did not change with the load")
	}
	for _, known := range []bool{false, true} {
		if got := r.shows("/a.jpg", photo.JPEG); got.Verdict != "copy" || got.Known != known {
			t.Errorf("after the load: %+v, want copy, known %v", got, known)
		}
	}
	rules := inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: 50}
	rules.Limits.Side = 16
	before = r.room.Sight()
	r.room.Configure(rules)
	if got := r.shows("/a.jpg", photo.JPEG); got.Cause != crawler.LimitSide || got.Known || r.room.Sight() == before {
		t.Errorf("under narrower limits: %+v, want limit_side by a new look", got)
	}
}

// A picture that still stands where it stood moves the last sighting.
func TestUnchangedIsSeenAgain(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	r.shows("/a.jpg", photo.JPEG)
	again := foundAt("/a.jpg", photo.JPEG)
	again.Body, again.Unchanged, again.KnownCause, again.At = nil, true, crawler.OK, at().Add(time.Hour)
	got, err := r.room.Inspect(t.Context(), again)
	if err != nil || got.Cause != crawler.Unchanged || !got.Known {
		t.Errorf("an unchanged picture gives %+v, %v, want unchanged, known", got, err)
	}
	f := r.finding()
	if !f.LastSeen.Equal(at().Add(time.Hour)) || !f.Seen.Equal(at()) || f.Places != 1 {
		t.Errorf("finding seen %s to %s in %d places, want an hour in one", f.Seen, f.LastSeen, f.Places)
	}
}

// Where a hash says too little only the same bytes are found.
func TestLowQualityIsExactOnly(t *testing.T) {
	r := newRig(t)
	file := softFile(t, "png")
	ref := r.load("dataset", file)[0]
	if got := r.shows("/jpeg", softFile(t, "jpeg-q30")); got.Cause != crawler.LowQuality || got.Verdict != "" || got.Why == "" {
		t.Errorf("a copy of low quality gives %+v, want low_quality and no verdict", got)
	}
	if got := r.shows("/png", file); got.Cause != crawler.LowQuality || got.Verdict != "exact" {
		t.Errorf("the same bytes give %+v, want low_quality, exact", got)
	}
	if f := r.finding(); *f.Ref != ref {
		t.Errorf("found %s, want %s", *f.Ref, ref)
	}
}

// A picture of which the end is missing is judged by what is there.
func TestPartialIsFound(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	if got := r.shows("/a.jpg", photo.JPEG[:len(photo.JPEG)*95/100]); got.Cause != crawler.Partial || got.Verdict != "copy" || got.Why == "" {
		t.Errorf("a cut picture gives %+v, want partial, copy", got)
	}
}

// Each orientation of a found picture is looked for, by PDQ and, for lists
// that have nothing else, by pHash.
func TestOrientations(t *testing.T) {
	for _, algorithm := range []string{"pdq", "phash"} {
		r, photo := newRig(t), demo.Set(1, 21)[0]
		e := entryOf(t, edited(t, photo, "png"))
		if algorithm == "phash" {
			e = match.Entry{Ref: e.Ref, PHash: e.PHash}
		}
		r.loadEntries("dataset", e)
		for form, orientations := range map[string][]int{"mirror": {2}, "rot-180": {3}, "rot-90": {6, 8}, "rot-270": {6, 8}, "exif-orientation": {1}} {
			file := edited(t, photo, form)
			seen, err := r.room.Look(t.Context(), file)
			if err != nil || len(seen.Hits) != 1 {
				t.Fatalf("%s %s: %+v, %v, want a hit", algorithm, form, seen.Hits, err)
			}
			if h := seen.Hits[0]; h.Verdict != "copy" || h.Algorithm != algorithm || !slices.Contains(orientations, h.Orientation) {
				t.Errorf("%s %s: %+v, want a copy in orientation %v", algorithm, form, h, orientations)
			}
			if got := r.shows("/"+form, file); got.Verdict != "copy" {
				t.Errorf("%s %s: %+v, want copy", algorithm, form, got)
			}
		}
		if all := r.raised(); len(all) != 1 || all[0].FindingsTotal != 5 || all[0].Refs != 1 {
			t.Errorf("%s: raised %+v, want one alert of 5 findings and one ref", algorithm, all)
		}
	}
}

// One picture in two sets is the matter of two alerts; the verdict told to the
// crawler is the stronger.
func TestTwoSetsTwoAlerts(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("one", edited(t, photo, "png"))
	r.load("two", photo.JPEG)
	if got := r.shows("/a.jpg", photo.JPEG); got.Verdict != "exact" {
		t.Errorf("got %+v, want exact", got)
	}
	verdicts := map[string]string{}
	for _, d := range r.raised() {
		verdicts[d.Set] = d.Verdict
	}
	if len(verdicts) != 2 || verdicts["one"] != "copy" || verdicts["two"] != "exact" {
		t.Errorf("alerts %v, want one: copy, two: exact", verdicts)
	}
}

// failing is a room of alerts whose disk is gone.
type failing struct{ err error }

func (f failing) Raise(context.Context, []alert.Report) error { return f.err }
func (f failing) SeenAgain(context.Context, string, string, string, time.Time) error {
	return f.err
}

func TestErrorsOfTheStoreAreReturned(t *testing.T) {
	broken := errors.New("disk gone")
	r, photo := newRig(t, func(o *inspect.Options) { o.Alerts = failing{broken} }), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	if got, err := r.room.Inspect(t.Context(), foundAt("/a.jpg", photo.JPEG)); !errors.Is(err, broken) || got.Verdict != "" {
		t.Errorf("got %+v, %v, want the store's error", got, err)
	}
	// A digest that is known now must fail just as well: it was not raised.
	if _, err := r.room.Inspect(t.Context(), foundAt("/a.jpg", photo.JPEG)); !errors.Is(err, broken) {
		t.Errorf("the second time %v, want the store's error", err)
	}
	again := foundAt("/a.jpg", photo.JPEG)
	again.Body, again.Unchanged = nil, true
	if _, err := r.room.Inspect(t.Context(), again); !errors.Is(err, broken) {
		t.Errorf("seen again: %v, want the store's error", err)
	}
}

func TestCancelled(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := r.room.Inspect(ctx, foundAt("/a.jpg", photo.JPEG)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v, want the context's error", got, err)
	}
	if got := r.shows("/a.jpg", photo.JPEG); got.Known || got.Verdict != "exact" {
		t.Errorf("after a cancelled look: %+v, want a new one", got)
	}
}

func TestAPictureThatTookTooLongIsNotKnown(t *testing.T) {
	r := newRig(t, func(o *inspect.Options) { o.Rules.Limits.Time = time.Nanosecond })
	photo := demo.Set(1, 1)[0]
	for range 2 {
		if got := r.shows("/a.jpg", photo.JPEG); got.Cause != crawler.LimitTime || got.Known {
			t.Errorf("got %+v, want limit_time, and not known", got)
		}
	}
}
