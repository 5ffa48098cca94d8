package inspect_test

import (
	"crypto/sha256"
	"image"
	"path/filepath"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
	"leakwatch/internal/kv"
	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

// rig is the room with the real rooms below it, on files of its own.
type rig struct {
	t      *testing.T
	room   *inspect.Room
	sets   *match.Sets
	alerts *alert.Alerts
}

func newRig(t *testing.T, change ...func(*inspect.Options)) *rig {
	t.Helper()
	r := &rig{t: t}
	var err error
	if r.sets, err = match.Open(open(t, "hashes.db"), match.DefaultOptions()); err != nil {
		t.Fatal(err)
	}
	if r.alerts, err = alert.Open(open(t, "state.db"), alert.Options{}); err != nil {
		t.Fatal(err)
	}
	o := inspect.Options{
		Sets: r.sets, Alerts: r.alerts, Cores: 2,
		Rules: inspect.Rules{Limits: picture.DefaultLimits(), MinQuality: match.DefaultOptions().MinQuality},
	}
	for _, fn := range change {
		fn(&o)
	}
	if r.room, err = inspect.New(o); err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, name string) *kv.DB {
	t.Helper()
	db, err := kv.Open(filepath.Join(t.TempDir(), name), kv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// load loads files as a folder of pictures is loaded, and returns their refs.
func (r *rig) load(set string, files ...[]byte) (refs []string) {
	r.t.Helper()
	var entries []match.Entry
	for _, file := range files {
		e := entryOf(r.t, file)
		entries, refs = append(entries, e), append(refs, e.Ref)
	}
	r.loadEntries(set, entries...)
	return refs
}

func entryOf(t testing.TB, file []byte) match.Entry {
	t.Helper()
	p, err := inspect.Fingerprint(t.Context(), file, picture.NewDecoder(picture.DefaultLimits()), "hashes")
	if err != nil || p.PDQ == nil {
		t.Fatalf("fingerprint: %+v, %v", p, err)
	}
	return match.Entry{Ref: p.Ref, SHA256: p.SHA256, PDQ: p.PDQ, Quality: *p.Quality, PHash: p.PHash}
}

func (r *rig) loadEntries(set string, entries ...match.Entry) {
	r.t.Helper()
	rows := func(yield func(match.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
	if _, err := r.sets.Load(r.t.Context(), set, rows, "test", func() string { return "" }, func(int) {}); err != nil {
		r.t.Fatal(err)
	}
}

// at is when all pictures are found, unless a test says otherwise.
func at() time.Time { return time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC) }

func foundAt(path string, file []byte) crawler.Found {
	return crawler.Found{Site: "board", URL: "http://board" + path, Page: "http://board/", Body: file, SHA256: sha256.Sum256(file), At: at()}
}

// shows lets the room inspect a file and returns what it says.
func (r *rig) shows(path string, file []byte) crawler.Inspection {
	r.t.Helper()
	got, err := r.room.Inspect(r.t.Context(), foundAt(path, file))
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// raised is all that the room of alerts holds.
func (r *rig) raised() (all []alert.Detail) {
	r.t.Helper()
	for d, err := range r.alerts.Export(r.t.Context(), alert.Filter{}) {
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// finding is the only one of the only alert.
func (r *rig) finding() alert.Finding {
	r.t.Helper()
	all := r.raised()
	if len(all) != 1 || len(all[0].Findings) != 1 {
		r.t.Fatalf("raised %+v, want one alert with one finding", all)
	}
	return all[0].Findings[0]
}

func edited(t testing.TB, p demo.Photo, form string) []byte {
	t.Helper()
	file, _, err := demo.Edit(p.Image(), form)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// soft is a picture of a soft slope: too little detail for a hash to be judged
// by.
func soft() *image.Gray {
	p := image.NewGray(image.Rect(0, 0, 256, 256))
	for i := range p.Pix {
		p.Pix[i] = uint8(100 + i/256/8)
	}
	return p
}

func encoded(t testing.TB, p image.Image) []byte {
	t.Helper()
	file, _, err := demo.Edit(p, "png")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func softFile(t testing.TB, form string) []byte {
	t.Helper()
	file, _, err := demo.Edit(soft(), form)
	if err != nil {
		t.Fatal(err)
	}
	return file
}
