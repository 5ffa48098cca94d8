package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"leakwatch/internal/demo"
)

// put writes a file below a folder.
func putFile(t *testing.T, root, name string, file []byte) {
	t.Helper()
	full := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

func edited(t *testing.T, p demo.Photo, form string) []byte {
	t.Helper()
	file, _, err := demo.Edit(p.Image(), form)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// Folders are scenes, loose pictures are scenes of their own, scenes that
// share a picture become one, dull pictures and other files stay out.
func TestFolderBecomesScenes(t *testing.T) {
	root, set := t.TempDir(), demo.Set(20, 5)
	for i, p := range set[:3] {
		putFile(t, root, fmt.Sprintf("loose%d.jpg", i), p.JPEG)
	}
	putFile(t, root, "trip/a.jpg", set[5].JPEG)
	putFile(t, root, "trip/b.jpg", set[6].JPEG)
	putFile(t, root, "trip/same.png", edited(t, set[5], "png")) // counts as one with a.jpg
	putFile(t, root, "other/turned.jpg", edited(t, set[6], "rot-90"))
	putFile(t, root, "other/c.jpg", set[7].JPEG)
	putFile(t, root, "notes.txt", []byte("no picture"))
	putFile(t, root, "broken.jpg", set[0].JPEG[:100])
	flat, err := asPNG(filled(200, 200, white))
	if err != nil {
		t.Fatal(err)
	}
	putFile(t, root, "flat.png", flat)
	a, err := folderAlbum(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.measure(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if len(a.scenes) != 4 || a.joined != 1 || a.unread != 2 {
		t.Errorf("%d scenes, %d joined, %d unread, want 3 loose and one of both folders, 1, 2", len(a.scenes), a.joined, a.unread)
	}
	if n := len(a.with(entry)); n != 6 || len(a.byRef) != 6 {
		t.Errorf("%d entries, %d refs, want 6 distinct pictures", n, len(a.byRef))
	}
	if _, err := folderAlbum(t.TempDir()); err == nil {
		t.Error("an empty folder was taken")
	}
}

// Of a film entries are two seconds apart, and its last two fifths stay out of
// the set.
func TestFilmKeepsItsDistance(t *testing.T) {
	root := t.TempDir()
	back := brought(demo.Stranger(0, 5).Image())
	for i := range 40 {
		p := cut(back, back.Rect)
		drawIcon(randomOf("film", fmt.Sprint(i)), p, anyTone(randomOf("tone", fmt.Sprint(i)))())
		file, err := asJPEG(88)(p)
		if err != nil {
			t.Fatal(err)
		}
		putFile(t, root, fmt.Sprintf("lanes/gate/%04d.jpg", i+1), file)
	}
	a, err := folderAlbum(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.measure(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	entries, others := a.with(entry), a.with(kin)
	if len(entries) < 2 || len(others) < 2 {
		t.Fatalf("40 frames give %d entries and %d others", len(entries), len(others))
	}
	for i, p := range entries {
		if i > 0 && p.frame-entries[i-1].frame < nearFrames {
			t.Errorf("frames %d and %d are both entries", entries[i-1].frame, p.frame)
		}
		for _, q := range others {
			if q.frame-p.frame < nearFrames {
				t.Errorf("frame %d is less than two seconds from entry %d", q.frame, p.frame)
			}
		}
	}
}

func TestDrawsAreTheSameAndFromEveryScene(t *testing.T) {
	a := drawnAlbum(30, 4)
	if err := a.measure(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	one, again := a.draw(8), a.draw(8)
	scenes := map[*scene]bool{}
	for i, p := range one {
		if again[i] != p {
			t.Fatal("two draws differ")
		}
		scenes[p.scene] = true
	}
	if len(scenes) != 8 {
		t.Errorf("8 originals of %d scenes, want 8", len(scenes))
	}
	if n := len(a.draw(1000)); n != len(a.with(entry)) {
		t.Errorf("all that can be drawn are %d, want %d", n, len(a.with(entry)))
	}
}
