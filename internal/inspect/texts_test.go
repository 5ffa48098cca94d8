package inspect_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
)

func textAt(path, text string) crawler.Found {
	return crawler.Found{
		Site: "board", URL: "http://board" + path, Page: "http://board/", Body: []byte(text), SHA256: sha256.Sum256([]byte(text)),
		MediaType: "text/plain", At: at(), Kind: crawler.KindText,
	}
}

func TestSelectorsInTexts(t *testing.T) {
	r := newRig(t, knows(nil, []string{"AB123", "CD456", "EF789"}))
	got := r.inspects(textAt("/paste", "plates: AB123, CD456, AB123"))
	if got.Verdict != "selector" || got.Cause != crawler.OK {
		t.Errorf("%+v, want selector", got)
	}
	f := r.findings("words")["selector"]
	if *f.Count != 2 || len(f.Samples) != 2 || f.Samples[0] != "A•••" || f.Verdict != "selector" || f.URL != "http://board/paste" || f.Container != nil || *f.SetVersion != 2 {
		t.Errorf("found %+v, want two selectors, masked", f)
	}
	if got := r.inspects(textAt("/other", "nothing")); got.Verdict != "" || got.Cause != crawler.OK {
		t.Errorf("%+v, want no verdict", got)
	}
	again := textAt("/paste", "plates: AB123, CD456, AB123")
	again.Body, again.Unchanged, again.At = nil, true, at().Add(time.Hour)
	if got := r.inspects(again); got.Cause != crawler.Unchanged {
		t.Errorf("%+v, want unchanged", got)
	}
	if f := r.findings("words")["selector"]; !f.LastSeen.Equal(at().Add(time.Hour)) {
		t.Errorf("last seen %s, want an hour later", f.LastSeen)
	}
}

// A page whose clock ticks is one finding, of the most that it ever named.
func TestAChangingPageIsOneFinding(t *testing.T) {
	r := newRig(t, knows(nil, []string{"AB123", "CD456"}))
	for _, text := range []string{"10:01 AB123", "10:02 AB123 CD456", "10:03 CD456"} {
		r.inspects(textAt("/board", text))
	}
	if all := r.raised(); len(all) != 1 || all[0].FindingsTotal != 1 || *all[0].Findings[0].Count != 2 {
		t.Errorf("raised %+v, want one finding of two selectors", all)
	}
}

// A page that lists files is a manifest, in whatever order it lists them.
func TestListingsAreManifests(t *testing.T) {
	r := newRig(t, knows([]string{"0001.jpg", "0002.jpg"}, []string{"AB123"}))
	rows := []string{
		`<a href="0001.jpg">0001.jpg</a>   02-Nov-2026 08:00   1234`,
		`<a href="0002.jpg">0002.jpg</a>   02-Nov-2026 08:00   1235`,
		`<a href="AB123.txt">AB123.txt</a>   02-Nov-2026 08:00   99`,
	}
	page := func(path string, order ...int) crawler.Found {
		f := textAt(path, "")
		body := "<html><head><title>Index of /x/</title></head><body><h1>Index of /x/</h1><hr><pre><a href=\"../\">../</a>\n"
		for _, i := range order {
			body += rows[i] + "\n"
		}
		f.Body, f.MediaType = []byte(body+"</pre><hr></body></html>"), "text/html"
		f.SHA256 = sha256.Sum256(f.Body)
		return f
	}
	got := r.inspects(page("/x/", 0, 1, 2))
	if got.Verdict != "manifest" || got.Members != 3 || got.Containers != (crawler.Containers{Listed: 1}) {
		t.Errorf("%+v, want a manifest of 3 lines", got)
	}
	r.inspects(page("/x/?C=N;O=D", 2, 1, 0))
	found := r.findings("files")
	if m := found["manifest"]; len(found) != 1 || *m.Agree != 2 || *m.Of != 3 || m.Places != 2 || m.Container == nil {
		t.Errorf("found %+v, want one manifest in two places", found)
	}
	if len(r.findings("words")) == 0 {
		t.Error("the name of a file is a selector and was not found")
	}
}

// Texts in containers, the names of their members, and the name of a picture are
// searched as well.
func TestSelectorsInMembersAndNames(t *testing.T) {
	r, photo := newRig(t, knows(nil, []string{"AB123", "CD456", "EF789"})), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	box := zipOf(t, file{"lists/plates.csv", []byte("id,plate\n1,AB123\n")}, file{"CD456.dat", []byte{0, 1, 2}}, file{"bin.dat", []byte("\x00AB123")})
	if got := r.inspects(boxAt("a.zip", box, "all")); got.Verdict != "selector" || len(got.Unopened) > 0 {
		t.Errorf("%+v, want selector", got)
	}
	found := r.findings("words")
	if text, names := found["selector lists/plates.csv"], found["selector"]; len(found) != 2 || *text.Count != 1 || *text.Container != "zip" || *names.Count != 1 || names.Samples[0] != "C•••" {
		t.Errorf("found %+v, want the text and the names", found)
	}
	if got := r.shows("/lane/EF789.jpg", photo.JPEG); got.Verdict != "exact" {
		t.Errorf("%+v, want exact", got)
	}
	for _, d := range r.raised() {
		for _, f := range d.Findings {
			if strings.HasSuffix(f.URL, "EF789.jpg") && f.Kind == "selector" {
				return
			}
		}
	}
	t.Errorf("found %+v, want the name of the picture", r.findings("words"))
}

// Markup does not hide a word, nor does it make one.
func TestMarkupIsNotRead(t *testing.T) {
	r := newRig(t, knows(nil, []string{"AB123", "span", "CD456", "EF789"}))
	f := textAt("/page", `<html><body><p>AB<b>12</b>3</p><span title="CD456">x</span><a href="/EF789.jpg">y</a></body></html>`)
	f.MediaType = "text/html"
	r.inspects(f)
	if got := r.findings("words")["selector"]; got.Count == nil || *got.Count != 3 {
		t.Errorf("found %+v, want AB123, CD456 and EF789", got)
	}
}

// Pictures and archives that are written in a text are looked at: in a page, in
// a table of an archive, in an archive in a text.
func TestPicturesWrittenInTexts(t *testing.T) {
	photos := demo.Set(3, 21)
	b64 := base64.StdEncoding.EncodeToString
	table := "id,photo\n1," + b64(photos[1].JPEG) + "\n2,none\n"
	inner := zipOf(t, file{"lane/c.jpg", photos[2].JPEG})
	for name, test := range map[string]struct {
		found crawler.Found
		want  string // kind and member
		in    string
		entry int
		count crawler.Containers
	}{
		"page":    {textAt("/p", "look: data:image/jpeg;base64,"+b64(photos[0].JPEG)+" ."), "picture base64-1.jpg", "", 0, crawler.Containers{}},
		"table":   {boxAt("a.zip", zipOf(t, file{"people.csv", []byte(table)}), "all"), "picture people.csv!base64-1.jpg", "zip", 1, crawler.Containers{Opened: 1}},
		"archive": {textAt("/q", "attached:\n"+b64(inner)+"\n"), "picture base64-1.zip!lane/c.jpg", "", 2, crawler.Containers{Opened: 1}},
	} {
		r := newRig(t)
		refs := r.load("dataset", photos[0].JPEG, photos[1].JPEG, photos[2].JPEG)
		got := r.inspects(test.found)
		if got.Verdict != "exact" || got.Containers != test.count || got.Pictures != (crawler.Pictures{Inspected: 1}) {
			t.Errorf("%s: %+v, want exact, one picture, containers %+v", name, got, test.count)
		}
		f, ok := r.findings("dataset")[test.want]
		if !ok || *f.Ref != refs[test.entry] || (f.Container == nil) != (test.in == "") {
			t.Errorf("%s: found %+v, want %s", name, r.findings("dataset"), test.want)
		}
	}
}

// Archives in texts in archives end somewhere.
func TestArchivesInTextsAreBounded(t *testing.T) {
	r, photo := newRig(t, func(o *inspect.Options) { o.Rules.Containers = container.Limits{Depth: 2} }), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	deep := photo.JPEG
	name := "a.jpg"
	for range 5 {
		deep = []byte(base64.StdEncoding.EncodeToString(zipOf(t, file{name, deep})))
		name = "a.txt"
	}
	got := r.inspects(textAt("/p", string(deep)))
	if len(got.Unopened) != 1 || got.Unopened[0].Cause != crawler.LimitNesting || got.Verdict != "" {
		t.Errorf("%+v, want one line of limit_nesting", got)
	}
}

// What a member or a page lists is a manifest, and so are links to torrents.
func TestListingsInMembersAndMagnets(t *testing.T) {
	r := newRig(t, knows([]string{"0001.jpg", "0002.jpg"}, nil))
	sums := strings.Repeat("ab", 32) + "  x/0001.jpg\n" + strings.Repeat("cd", 32) + "  x/0002.jpg\n"
	got := r.inspects(boxAt("a.zip", zipOf(t, file{"SHA256SUMS", []byte(sums)}), "all"))
	if m := r.findings("files")["manifest SHA256SUMS"]; got.Verdict != "manifest" || m.Agree == nil || *m.Agree != 2 || *m.Container != "zip" {
		t.Errorf("%+v, found %+v, want the sums of two files", got, r.findings("files"))
	}
	r.inspects(textAt("/m", "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=0001.jpg&xl=10\nmagnet:?xt=urn:btih:d12fe1c06bba254a9dc9f519b335aa7c1367a88a&dn=0002.jpg\n"))
	if m := r.findings("files")["manifest"]; m.Agree == nil || *m.Agree != 2 || *m.Container != "magnet" {
		t.Errorf("found %+v, want a manifest of two magnet links", r.findings("files"))
	}
}

// What a picture says beside its pixels is searched.
func TestWordsOfPicturesAreSearched(t *testing.T) {
	r, photo := newRig(t, knows(nil, []string{"AB123"})), demo.Set(1, 21)[0]
	comment := append([]byte{0xff, 0xd8, 0xff, 0xfe, 0, 15}, "plate AB123 !"...)
	said := append(comment, photo.JPEG[2:]...)
	r.inspects(boxAt("a.zip", zipOf(t, file{"x.jpg", said}), "all"))
	if f, ok := r.findings("words")["selector x.jpg"]; !ok || *f.Count != 1 || *f.Format != "jpeg" {
		t.Errorf("found %+v, want a selector in x.jpg", r.findings("words"))
	}
	if got := r.shows("/y.jpg", said); got.Verdict != "selector" {
		t.Errorf("%+v, want selector", got)
	}
}

// What of a text could not be looked at is told with its cause, as it is of an
// archive: the end of one that is too long, and a picture in it.
func TestExamineSaysWhatOfATextItDidNotSee(t *testing.T) {
	r := newRig(t, func(o *inspect.Options) { o.Rules.Limits.Bytes = 1000 }, knows(nil, []string{"AB123"}))
	for _, want := range []struct{ text, verdict, cause, member string }{
		{"plate AB123 " + strings.Repeat("x ", 1000), "selector", "limit_bytes", ""},
		{strings.Repeat("x ", 1000), "none", "limit_bytes", ""},
		{"short", "none", "not_a_picture", ""},
		{"data:image/png;base64," + base64.StdEncoding.EncodeToString(encoded(t, soft())[:200]), "none", "partial", "base64-1.png"},
	} {
		lines, err := r.room.Examine(t.Context(), "a.txt", "", []byte(want.text))
		if err != nil || len(lines) != 1 {
			t.Fatalf("%.20s: %+v, %v; want one line", want.text, lines, err)
		}
		member := ""
		if lines[0].Member != nil {
			member = *lines[0].Member
		}
		if l := lines[0]; l.Verdict != want.verdict || l.Cause == nil || *l.Cause != want.cause || l.Why == nil || member != want.member {
			t.Errorf("%.20s: %s, %v, member %q; want %s, %s, member %q", want.text, l.Verdict, *l.Cause, member, want.verdict, want.cause, want.member)
		}
	}
}
