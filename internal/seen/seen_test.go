package seen_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

func TestNoted(t *testing.T) {
	r := newRig(t)
	random := rand.New(rand.NewPCG(1, 2))
	var all []seen.Picture
	for n := range 300 {
		all = append(all, drawn(random, n))
	}
	r.note(all...)
	for range 2 {
		for i := range all {
			if got := r.picture(all[i].SHA256); !reflect.DeepEqual(got, all[i]) {
				t.Fatalf("picture %d is\n%+v, noted\n%+v", i, got, all[i])
			}
		}
		r.again()
	}
	var walked []seen.Picture
	for from, next := seen.Cursor(0), seen.Cursor(0); ; from = next {
		some, to, err := r.Pictures(from, 77)
		if err != nil {
			t.Fatal(err)
		}
		if walked, next = append(walked, some...), to; next == from {
			break
		}
	}
	if !reflect.DeepEqual(walked, all) {
		t.Error("a walk does not give what was noted")
	}
	if _, known, err := r.Picture([32]byte{1}); known || err != nil {
		t.Errorf("a picture never noted: known %v, %v", known, err)
	}
}

func TestNotedAgain(t *testing.T) {
	r := newRig(t)
	p := drawn(rand.New(rand.NewPCG(1, 2)), 7)
	r.note(p)
	later := p
	later.First, later.Last, later.Sight, later.Nothing, later.Cause = at(50), at(60), 78, false, "low_quality"
	r.note(later)
	want := later
	want.First = p.First
	if got := r.picture(p.SHA256); !reflect.DeepEqual(got, want) {
		t.Errorf("seen again:\n%+v, want\n%+v", got, want)
	}

	// A look that was cut short takes no hash away, another place is added.
	cut := seen.Picture{SHA256: p.SHA256, Cause: "limit_time", Sight: 79, First: at(70), Last: at(70)}
	cut.Site, cut.URL, cut.Container, cut.Member = "open", "http://x.onion/dump.zip", "zip", "a/b.jpg"
	again := seen.Picture{SHA256: p.SHA256, Place: cut.Place, First: at(90), Last: at(90)}
	r.note(cut, again)
	got := r.picture(p.SHA256)
	if got.PDQ == nil || *got.PDQ != *p.PDQ || got.Cause != "limit_time" || got.Site != p.Site || !got.Last.Equal(at(60)) {
		t.Errorf("cut short: %+v", got)
	}
	stays, err := r.Stays(p.SHA256)
	if err != nil || len(stays) != 2 || stays[1].Place != cut.Place || !stays[1].First.Equal(at(70)) || !stays[1].Last.Equal(at(90)) || stays[0].Place != p.Place || !stays[0].Last.Equal(at(60)) {
		t.Errorf("stays %+v, %v", stays, err)
	}
}

// The first places are kept, the others only counted on.
func TestManyPlaces(t *testing.T) {
	r := newRig(t)
	p := drawn(rand.New(rand.NewPCG(1, 2)), 7)
	for n := range 150 {
		p.URL = "http://" + string(rune('a'+n%26)) + string(rune('a'+n/26)) + ".onion/"
		r.note(p)
	}
	stays, err := r.Stays(p.SHA256)
	if err != nil || len(stays) != 101 {
		t.Errorf("%d places, %v; want the first and a hundred", len(stays), err)
	}
}

// Many who note the same at once make one picture of it.
func TestNotedAtOnce(t *testing.T) {
	r := newRig(t)
	random := rand.New(rand.NewPCG(1, 2))
	var all []seen.Picture
	for n := range 40 {
		all = append(all, drawn(random, n))
	}
	done := make(chan error)
	for range 8 {
		go func() {
			for _, p := range all {
				if err := r.Note(t.Context(), p); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if got, err := r.Totals(); err != nil || got.Pictures != len(all) {
		t.Errorf("%+v, %v: want %d pictures", got, err, len(all))
	}
}

func TestBareAndOdd(t *testing.T) {
	r := newRig(t)
	bare := seen.Picture{SHA256: [32]byte{9}, Cause: "damaged", First: at(1), Last: at(2)}
	odd := drawn(rand.New(rand.NewPCG(4, 2)), 1)
	odd.Turns = nil // what it is derived from is enough
	odd.Windows = slices.Repeat([]seen.Window{{Window: phash.Whole(), PDQ: *odd.PDQ, Quality: 300}}, 50)
	odd.Place = seen.Place{Site: "s", URL: "no url \x00 at all", Page: "://"}
	r.note(bare, odd)
	if got := r.picture(bare.SHA256); !reflect.DeepEqual(got, bare) {
		t.Errorf("got %+v, want %+v", got, bare)
	}
	got := r.picture(odd.SHA256)
	if *got.Turns != phash.Derived(*odd.PDQ) || len(got.Windows) != seen.MaxWindows || got.Windows[0].Quality != 100 || got.Place != odd.Place {
		t.Errorf("got %+v", got)
	}
}

func sums(n uint32) container.Line {
	crc := n * 2654435761
	return container.Line{Name: "DCIM/IMG_000.JPG", Size: int64(n), CRC32: &crc, SHA1: slices.Repeat([]byte{byte(n)}, 20), SHA256: slices.Repeat([]byte{byte(n)}, 32)}
}

func TestManifest(t *testing.T) {
	r := newRig(t)
	place := seen.Place{Site: "open", URL: "http://x.onion/dump.zip", Page: "http://x.onion/", Container: "zip"}
	var lines []container.Line
	for n := range 2500 {
		lines = append(lines, sums(uint32(n)))
	}
	lines[0] = container.Line{Name: "names only", Size: -1}
	for i, part := range [][]container.Line{lines[:2400], lines[:2400], lines[100:]} {
		if err := r.NoteManifest(t.Context(), place, at(i), part); err != nil {
			t.Fatal(err)
		}
	}
	r.again()
	got, known, err := r.Manifest(0)
	if err != nil || !known || got.Place != place || !got.First.Equal(at(0)) || !got.Last.Equal(at(2)) || !reflect.DeepEqual(got.Lines, lines) {
		t.Errorf("manifest %+v known %v, %v, %d lines", got.Stay, known, err, len(got.Lines))
	}
	if _, known, err := r.Manifest(1); known || err != nil {
		t.Errorf("a second manifest: %v, %v", known, err)
	}
}

func TestMarks(t *testing.T) {
	r := newRig(t)
	var got []int
	if known, err := r.Mark("past", &got); known || err != nil {
		t.Fatal(known, err)
	}
	if err := r.PutMark("past", []int{1, 2}); err != nil {
		t.Fatal(err)
	}
	r.again()
	if known, err := r.Mark("past", &got); !known || err != nil || !slices.Equal(got, []int{1, 2}) {
		t.Error(got, known, err)
	}
}

// A site that posts nothing but sheets has two windows of each kept in the end.
func TestWindowsAreRationed(t *testing.T) {
	r := newRig(t)
	random := rand.New(rand.NewPCG(1, 2))
	kept, n := 0, 2000
	var first, last int
	for i := range n {
		p := drawn(random, 20*i)
		for len(p.Windows) < 30 {
			p.Windows = append(p.Windows, window(random, phash.Window{0, 0, .5, .5}))
		}
		r.note(p, p)
		last = len(r.picture(p.SHA256).Windows)
		if kept += last; i == 0 {
			first = last
		}
	}
	if first != seen.MaxWindows || last != 2 || kept > 3*n {
		t.Errorf("%d windows of the first, %d of the last, %d of %d pictures", first, last, kept, n)
	}
}
