package match

import (
	"math/rand/v2"
	"path/filepath"
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
