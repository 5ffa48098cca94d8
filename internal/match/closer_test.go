package match

import (
	"fmt"
	"image"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"leakwatch/internal/phash"
)

// A camera is told by a ref that people know, with all entries before it.
func TestTellCamera(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 6))
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	all := numbered(r, 3)
	all[1].Ref = "B"
	load(t, s, "set", all)
	var hit Hit
	if err := s.tellCamera(s.now.Load().find("set"), &hit, &judgement{camera: 1, cameraEntries: 2}); err != nil {
		t.Fatal(err)
	}
	if hit.Camera == nil || *hit.Camera != all[1].Ref || *hit.CameraEntries != 3 {
		t.Errorf("got %+v, want %s and 3 entries", hit.Explain, all[1].Ref)
	}
	if err := s.tellCamera(s.now.Load().find("set"), &hit, &judgement{}); err != nil || hit.Camera != nil || hit.CameraEntries != nil {
		t.Errorf("no other entry of its camera: got %+v, %v", hit.Explain, err)
	}
}

// The memory of a set counts what a search by keypoints has made.
func TestMemoryOfVotes(t *testing.T) {
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	all := numbered(rand.New(rand.NewPCG(61, 7)), 3)
	all[0].Points, all[0].Width, all[0].Height = &phash.Points{Width: 4, Height: 3, List: make([]phash.Point, 160)}, 4, 3
	load(t, s, "set", all)
	before, err := s.Show("set")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.votesOf(s.now.Load().find("set")); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Show("set"); err != nil || after.MemoryBytes < before.MemoryBytes+160*34 {
		t.Errorf("got %d bytes, %v, before the votes were made %d", after.MemoryBytes, err, before.MemoryBytes)
	}
}

// decoded is a found picture as it is looked at closely.
type decoded struct{ luma *image.Gray }

func (p decoded) Plane() *image.Gray { return p.luma }

func (p decoded) Points(w phash.Window) *phash.Points {
	points := phash.PointsOf(phash.View(p.luma, w.In(p.luma.Rect.Dx(), p.luma.Rect.Dy())), phash.Found)
	return &points
}

// closerEntry is an entry with all detail.
func closerEntry(t *testing.T, ref string, luma *image.Gray) Entry {
	t.Helper()
	p, _, err := phash.OfTurned(luma, image.Point{})
	if err != nil {
		t.Fatal(err)
	}
	points, thumb := phash.PointsOf(luma, phash.Entry), phash.ThumbOf(luma)
	return Entry{
		Ref: ref, PDQ: &p.PDQ, Quality: p.Quality, Windows: phash.OfWindows(luma), Points: &points, Thumb: &thumb,
		Width: luma.Rect.Dx(), Height: luma.Rect.Dy(),
	}
}

func closerQuery(t *testing.T, luma *image.Gray) Query {
	t.Helper()
	p, turns, err := phash.OfTurned(luma, image.Point{})
	if err != nil {
		t.Fatal(err)
	}
	return Query{Parts: []Part{{Window: phash.Whole(), Turns: turns, Quality: p.Quality}}, Sight: decoded{luma}}
}

// Many look closely at once, for the first time each, while the set is loaded
// again and entries of it are taken out: all get the answer of one alone.
func TestCloserLooksAtOnce(t *testing.T) {
	o := DefaultOptions()
	o.Deep = true
	s, err := Open(openStore(t, filepath.Join(t.TempDir(), "hashes.db")), o)
	if err != nil {
		t.Fatal(err)
	}
	lane := judgeLane(7, 7)
	var all []Entry
	for i, luma := range lane[:6] {
		all = append(all, closerEntry(t, fmt.Sprint("lane ", i), luma))
	}
	load(t, s, "set", all)
	corner := phash.View(lane[3], image.Rect(0, 0, lane[3].Rect.Dx()*2/5, lane[3].Rect.Dy()*3/5))
	looks := []struct {
		query Query
		want  string
	}{
		{closerQuery(t, judgeJPEG(lane[0], 30)), "copy lane 0"},
		{closerQuery(t, judgeJPEG(lane[6], 60)), "kin"},
		{closerQuery(t, corner), ""},
	}
	told := func(q Query) string {
		var out []string
		for _, h := range s.Search(q) {
			out = append(out, h.Verdict+" "+h.Ref+" "+h.Stage)
		}
		return strings.Join(out, ", ")
	}
	var alone []string
	for _, l := range looks {
		alone = append(alone, told(l.query))
		if got := alone[len(alone)-1]; !strings.HasPrefix(got, l.want) {
			t.Errorf("got %q, want %s", got, l.want)
		}
	}
	t.Logf("%q", alone)
	var wg sync.WaitGroup
	for range 3 {
		load(t, s, "set", all) // nothing of it was looked at yet
		for i, l := range looks {
			wg.Go(func() {
				if got := told(l.query); got != alone[i] {
					t.Errorf("at once: got %q, want %q", got, alone[i])
				}
			})
		}
		wg.Go(func() {
			if _, err := s.Disable(t.Context(), "set", []string{"lane 5"}, "test"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
