package match

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
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
