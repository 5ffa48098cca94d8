package seen_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"leakwatch/internal/container"
	"leakwatch/internal/phash"
	"leakwatch/internal/seen"
)

// said is a sighting in a word.
func said(all []seen.Sighting) (out []string) {
	for _, s := range all {
		member := ""
		if s.Member != nil {
			member = "!" + *s.Member
		}
		out = append(out, fmt.Sprintf("%s by %s at %s%s", s.Kind, s.By, s.URL, member))
	}
	return out
}

func TestFind(t *testing.T) {
	r := newRig(t)
	random := rand.New(rand.NewPCG(1, 2))
	var all []seen.Picture
	for n := range 500 {
		all = append(all, drawn(random, n))
	}
	p, q := all[7], all[8]
	r.note(all...)
	elsewhere := p
	elsewhere.Place = seen.Place{Site: "open", URL: "http://x.onion/dump.zip", Page: "http://x.onion/", Container: "zip", Member: "a/1.jpg"}
	elsewhere.First, elsewhere.Last = at(900), at(950)
	r.note(elsewhere)
	file := []byte("a file that only lists have named")
	sum := sha256.Sum256(file)
	crc := uint32(77)
	for i, line := range []container.Line{
		{Name: "x/Scan 1.TIF", Size: 33, SHA256: sum[:]}, {Name: "x/Scan 1.TIF", Size: 33, CRC32: &crc}, {Name: `X\scan 1.tif`, Size: 33}, {Name: "x/Scan 1.TIF", Size: 34}, {Name: "x/Scan 1.TIF", Size: -1},
	} {
		place := seen.Place{Site: "lists", URL: fmt.Sprintf("http://l.onion/%d/", i), Page: "http://l.onion/"}
		if err := r.NoteManifest(t.Context(), place, at(i), []container.Line{{Name: "other", Size: 1}, line}); err != nil {
			t.Fatal(err)
		}
	}
	cropped := *q.Turns
	for o := range cropped {
		cropped[o][3] ^= 0xff // 8 bits off
	}
	slices.Reverse(cropped[:]) // and turned
	far := phash.Derived(randomHash(random))
	for name, c := range map[string]struct {
		q    seen.Query
		want []string
	}{
		"digest":  {seen.Query{SHA256: &p.SHA256}, []string{"picture by sha256 at " + p.URL, "picture by sha256 at http://x.onion/dump.zip!a/1.jpg"}},
		"nothing": {seen.Query{SHA256: &[32]byte{1}, Turns: &far}, nil},
		"copy":    {seen.Query{SHA256: &[32]byte{1}, Turns: &cropped}, []string{"picture by pdq at " + q.URL}},
		"itself":  {seen.Query{SHA256: &q.SHA256, Turns: q.Turns}, []string{"picture by sha256 at " + q.URL}},
		"file": {seen.Query{SHA256: &sum, CRC32: &crc, Size: 33, Name: "/tmp/scan 1.tif"}, []string{
			"manifest by sha256 at http://l.onion/0/!x/Scan 1.TIF", "manifest by crc32 at http://l.onion/1/!x/Scan 1.TIF", `manifest by name at http://l.onion/2/!X\scan 1.tif`}},
		"a picture's address": {seen.Query{URL: p.URL}, []string{"picture by url at " + p.URL}},
		"a container":         {seen.Query{URL: "http://x.onion/dump.zip"}, []string{"picture by url at http://x.onion/dump.zip!a/1.jpg"}},
		"a page of one":       {seen.Query{URL: "http://x.onion/"}, []string{"picture by url at http://x.onion/dump.zip!a/1.jpg"}},
		"a listing":           {seen.Query{URL: "http://l.onion/3/"}, []string{"manifest by url at http://l.onion/3/"}},
		"no such address":     {seen.Query{URL: "http://x.onion" + p.URL[len("http://")+62:]}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := r.Find(t.Context(), c.q)
			if err != nil || !slices.Equal(said(found), c.want) {
				t.Errorf("found %q, %v\nwant %q", said(found), err, c.want)
			}
		})
	}
	page, err := r.Find(t.Context(), seen.Query{URL: p.Page})
	on := 0
	for i := range all {
		if all[i].Page == p.Page {
			on++
		}
	}
	if err != nil || len(page) != on || on < 2 {
		t.Errorf("a page: %d found, %v; want %d", len(page), err, on)
	}
	times, err := r.Find(t.Context(), seen.Query{SHA256: &p.SHA256})
	if err != nil || !times[0].FirstSeen.Equal(p.First) || !times[1].FirstSeen.Equal(at(900)) || !times[1].LastSeen.Equal(at(950)) || *times[0].Width != p.Width || times[0].Cause != nil {
		t.Errorf("%+v, %v", times, err)
	}
}
