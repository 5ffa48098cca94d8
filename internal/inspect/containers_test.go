package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/demo"
	"leakwatch/internal/inspect"
)

// Pictures among other files, two containers deep, are found in their place.
func TestPicturesInContainersAreFound(t *testing.T) {
	r, photos := newRig(t), demo.Set(4, 21)
	r.load("dataset", edited(t, photos[0], "png"), photos[1].JPEG)
	inner := zipOf(t, file{"lane/0001.jpg", photos[0].JPEG}, file{"readme.txt", []byte("hello")})
	for name, box := range map[string][]byte{
		"dump.zip": zipOf(t, file{"notes.txt", []byte("x")}, file{"photos.zip", inner}, file{"a/b.dat", photos[1].JPEG}, file{"other.jpg", photos[2].JPEG}),
		"dump.tar": tarOf(t, file{"notes.txt", []byte("x")}, file{"photos.zip", inner}, file{"a/b.dat", photos[1].JPEG}, file{"other.jpg", photos[2].JPEG}),
	} {
		r.alerts = nil
		r := newRig(t)
		r.load("dataset", edited(t, photos[0], "png"), photos[1].JPEG)
		got := r.inspects(boxAt(name, box, "all"))
		if got.Cause != crawler.OK || got.Verdict != "exact" || got.Next != 0 || got.Members != 5 || len(got.Unopened) != 0 ||
			got.Pictures != (crawler.Pictures{Inspected: 3}) || got.Containers != (crawler.Containers{Opened: 2}) {
			t.Errorf("%s: %+v, want ok, exact, 5 members, 3 pictures in 2 containers", name, got)
		}
		found := r.findings("dataset")
		deep, flat := found["picture photos.zip!lane/0001.jpg"], found["picture a/b.dat"]
		if len(found) != 2 || deep.Verdict != "copy" || flat.Verdict != "exact" || *deep.Container != strings.TrimPrefix(name, "dump.") ||
			deep.URL != "http://board/"+name || !deep.Seen.Equal(at()) {
			t.Errorf("%s: found %+v, want a copy in photos.zip and the same bytes in b.dat", name, found)
		}
	}
}

// list reads names alone, and says that by setting nothing was looked at.
func TestListReadsNoBody(t *testing.T) {
	bodies := 0
	r, photos := newRig(t, func(o *inspect.Options) { o.Walk = counting(&bodies) }, knows([]string{"0001.jpg", "0002.jpg", "0003.jpg"}, nil)), demo.Set(2, 21)
	r.load("dataset", photos[0].JPEG)
	box := zipOf(t, named("x/0001.jpg x/0002.jpg x/readme.txt", func(i int) []byte { return photos[i%2].JPEG })...)
	got := r.inspects(boxAt("dump.zip", box, "list"))
	if got.Cause != crawler.Sampled || got.Verdict != "manifest" || got.Members != 3 || got.Containers != (crawler.Containers{Listed: 1}) || bodies != 0 {
		t.Errorf("got %+v and %d bodies, want sampled, a manifest, 3 members, none read", got, bodies)
	}
	if len(got.Unopened) != 1 || got.Unopened[0].Member != "" || got.Unopened[0].Cause != crawler.Sampled || got.Unopened[0].Size != int64(len(box)) || got.Unopened[0].Container != "zip" {
		t.Errorf("not opened: %+v, want a line for the whole", got.Unopened)
	}
	f := r.findings("files")["manifest"]
	if *f.Agree != 2 || *f.Of != 3 || *f.Container != "zip" || f.Explain["rule"] != "names" || *f.SetVersion != 1 {
		t.Errorf("found %+v, want 2 of 3 lines", f)
	}
	if got := r.inspects(boxAt("dump.tar", tarOf(t, file{"x/0001.jpg", photos[0].JPEG}), "list")); got.Cause != crawler.Sampled || len(got.Unopened) != 1 || got.Verdict != "" {
		t.Errorf("a tar gives %+v, want sampled: it has no directory", got)
	}
}

// A sample is spread over the pictures of a container, and over its texts where
// words are looked for.
func TestASampleIsSpread(t *testing.T) {
	for _, words := range [][]string{nil, {"AB123"}} {
		bodies := 0
		r := newRig(t, func(o *inspect.Options) {
			o.Walk = counting(&bodies)
			o.Rules.SampleMembers, o.Rules.SampleBytes = 12, 1<<20
		}, knows(nil, words))
		photos := demo.Set(2, 21)
		r.load("dataset", photos[0].JPEG)
		files := []file{}
		for i := range 100 {
			files = append(files, file{fmt.Sprintf("%03d.doc.bak", i), []byte("neither")}, file{fmt.Sprintf("%03d.csv", i), []byte("plate\nAB123\n")}, file{fmt.Sprintf("%03d.jpg", i), smallFile(t, i)})
		}
		files[len(files)-1].data = smallFile(t, 0)
		got := r.inspects(boxAt("dump.zip", zipOf(t, files...), "sample"))
		if got.Cause != crawler.Sampled || got.Containers != (crawler.Containers{Sampled: 1}) || got.Members != 300 || bodies != 12 || got.Next != 0 {
			t.Errorf("words %v: %+v and %d bodies, want sampled, 300 members, 12 bodies", words, got, bodies)
		}
		pictures, texts := 12, 0
		if words != nil {
			pictures, texts = 9, 3
		}
		if n := got.Pictures.Inspected + got.Pictures.ExactOnly + got.Pictures.NotHashable + got.Pictures.Known; n != pictures {
			t.Errorf("words %v: %d pictures, want %d", words, n, pictures)
		}
		if n := len(r.findings("words")); n != texts {
			t.Errorf("words %v: %d texts, want %d", words, n, texts)
		}
	}
}

// smallFile is one of many different pictures that cost little.
func smallFile(t *testing.T, i int) []byte {
	t.Helper()
	p := soft()
	p.Pix[i] = 255
	return encoded(t, p)
}

// A container that is begun anew, again and again, takes no room from what the
// slices of another one keep.
func TestSlicesBegunAnewTakeNoMoreRoom(t *testing.T) {
	const lines = 200_000 // of a container inside, in the first slice
	sliced := func(_ context.Context, _ container.Source, o container.Options, visit container.Visit) (container.Report, error) {
		report := container.Report{Format: "tar"}
		if o.From > 0 {
			return report, visit(container.Member{Name: "in.tar", Format: "tar"}, nil)
		}
		for i := range lines {
			if err := visit(container.Member{Name: fmt.Sprintf("in.tar!%04d.jpg", i), Size: 1}, nil); err != nil && !errors.Is(err, container.Enough) {
				return report, err
			}
		}
		report.Next = lines
		return report, nil
	}
	r := newRig(t, func(o *inspect.Options) { o.Walk = sliced }, knows([]string{"0001.jpg", "0002.jpg"}, nil))
	f := boxAt("dump.tar", tarOf(t), "all")
	for range 4 {
		if got := r.inspects(f); got.Next != lines {
			t.Fatalf("got %+v, want a next slice", got)
		}
	}
	f.From = lines
	r.inspects(f)
	if f, found := r.findings("files")["manifest in.tar"]; !found || *f.Of != lines {
		t.Errorf("found %+v, want 2 of %d lines", r.findings("files"), lines)
	}
}

// A container of which all fits into a sample is worked through.
func TestASmallContainerIsNoSample(t *testing.T) {
	r, photos := newRig(t), demo.Set(2, 21)
	r.load("dataset", photos[0].JPEG)
	for name, box := range map[string][]byte{"a.zip": zipOf(t, file{"a", photos[0].JPEG}), "a.tar": tarOf(t, file{"a", photos[0].JPEG})} {
		got := r.inspects(boxAt(name, box, "sample"))
		if got.Cause != crawler.OK || got.Containers != (crawler.Containers{Opened: 1}) || got.Verdict != "exact" || len(got.Unopened) > 0 {
			t.Errorf("%s: %+v, want ok, opened, exact", name, got)
		}
	}
}

// What has no directory is sampled from its front.
func TestAStreamIsSampledFromItsFront(t *testing.T) {
	r := newRig(t, func(o *inspect.Options) { o.Rules.SampleMembers = 3 })
	r.load("dataset", demo.Set(1, 21)[0].JPEG)
	var files []file
	for i := range 10 {
		files = append(files, file{fmt.Sprint(i, ".png"), smallFile(t, i)})
	}
	got := r.inspects(boxAt("a.tar", tarOf(t, files...), "sample"))
	if got.Cause != crawler.Sampled || got.Containers != (crawler.Containers{Sampled: 1}) || got.Members != 3 || got.Next != 0 {
		t.Errorf("%+v, want sampled after 3 members", got)
	}
}

// A large container is worked in slices; the next one goes on where the last
// ended, in another room after a restart too.
func TestSlices(t *testing.T) {
	photos := demo.Set(2, 21)
	var files []file
	for i := range 450 {
		files = append(files, file{fmt.Sprintf("%03d.jpg", i), smallFile(t, i%7)})
	}
	files[449].data = photos[0].JPEG
	for name, box := range map[string][]byte{"a.zip": zipOf(t, files...), "a.tar": tarOf(t, files...)} {
		r := newRig(t)
		r.load("dataset", photos[0].JPEG)
		f := boxAt(name, box, "all")
		members, slices, opened := 0, 0, 0
		for {
			got := r.inspects(f)
			members, slices, opened = members+got.Members, slices+1, opened+got.Containers.Opened
			if f.From = got.Next; got.Next == 0 {
				break
			}
			if got.Members != 200 || got.Cause != crawler.OK {
				t.Errorf("%s: a slice gives %+v, want 200 members", name, got)
			}
			room, err := inspect.New(inspect.Options{Sets: r.sets, Alerts: r.alerts, Cores: 1, Rules: inspect.Rules{MinQuality: 50}})
			if err != nil {
				t.Fatal(err)
			}
			r.room = room
		}
		if members != 450 || slices != 3 || opened != 1 || len(r.findings("dataset")) != 1 {
			t.Errorf("%s: %d members in %d slices, opened %d times, found %v; want 450, 3, 1, the last one", name, members, slices, opened, r.findings("dataset"))
		}
		f.From, f.Slices = 0, false
		if got := r.inspects(f); got.Members != 450 || got.Next != 0 {
			t.Errorf("%s: without slices %+v, want all 450 at once", name, got)
		}
	}
}

// The manifest of a container without directory grows with its slices, and is
// one finding.
func TestAManifestGrowsWithItsSlices(t *testing.T) {
	r := newRig(t, knows([]string{"000.txt", "001.txt", "300.txt"}, nil))
	var files []file
	for i := range 401 {
		files = append(files, file{fmt.Sprintf("%03d.txt", i), []byte("x")})
	}
	f := boxAt("a.tar", tarOf(t, files...), "all")
	for _, want := range []int{2, 3, 3} {
		f.From = r.inspects(f).Next
		found := r.findings("files")
		if m := found["manifest"]; len(found) != 1 || *m.Agree != want {
			t.Fatalf("found %+v, want one manifest of %d lines", found, want)
		}
	}
	if f.From != 0 || *r.findings("files")["manifest"].Of != 401 {
		t.Errorf("found %+v, want 401 lines", r.findings("files"))
	}
}

// One manifest at two addresses is one finding; a container inside has its own.
func TestManifestsOfContainersInside(t *testing.T) {
	r := newRig(t, knows([]string{"0001.jpg", "0002.jpg"}, nil))
	list := func(i int) []byte { return []byte("x") }
	inner := zipOf(t, named("d/0001.jpg e/0002.jpg f!.txt", list)...)
	outer := zipOf(t, append(named("0001.jpg x/0002.jpg", list), file{"in!ner.zip", inner})...)
	r.inspects(boxAt("a.zip", outer, "all"))
	r.inspects(boxAt("mirror.zip", outer, "list"))
	found := r.findings("files")
	whole, inside := found["manifest"], found["manifest in!ner.zip"]
	if len(found) != 2 || *whole.Of != 3 || whole.Places != 2 || *inside.Of != 3 || *inside.Container != "zip" {
		t.Errorf("found %+v, want the whole in two places and the one inside", found)
	}
}

// What cannot be opened is told, with its cause and size.
func TestWhatIsNotOpenedIsTold(t *testing.T) {
	r := newRig(t)
	r.load("dataset", demo.Set(1, 21)[0].JPEG)
	got := r.inspects(boxAt("a.zip", []byte("PK\x03\x04 and no more"), "all"))
	if got.Cause == crawler.OK || got.Containers != (crawler.Containers{NotOpened: 1}) || len(got.Unopened) != 1 {
		t.Errorf("a broken zip gives %+v, want a cause and a line", got)
	}
	box := zipOf(t, file{"page.jpg", []byte("<html>gone</html>")}, file{"cut.jpg", demo.Set(1, 21)[0].JPEG[:3000]}, file{"deep.zip", []byte("PK\x03\x04 and no more")})
	got = r.inspects(boxAt("b.zip", box, "all"))
	causes := map[string]crawler.Cause{}
	for _, u := range got.Unopened {
		causes[u.Member] = u.Cause
	}
	if causes["page.jpg"] != crawler.NotAPicture || causes["deep.zip"] == "" || causes["cut.jpg"] == "" || got.Cause != crawler.OK ||
		got.Containers != (crawler.Containers{Opened: 1, NotOpened: 1}) || got.Pictures.NotHashable < 1 {
		t.Errorf("%+v, want lines for each of the three", got)
	}
}

// What stands in a container whose directory was cut off is looked at as far as
// it goes, and the container is named all the same.
func TestABrokenDirectoryHidesNothing(t *testing.T) {
	photos := demo.Set(2, 21)
	box := zipOf(t, file{"x/0001.jpg", photos[0].JPEG}, file{"other.txt", []byte("x")}, file{"x/0002.jpg", photos[1].JPEG})
	box = box[:len(box)-50]
	for archives, want := range map[string]string{"all": "exact", "sample": "exact", "list": "manifest"} {
		r := newRig(t, knows([]string{"0001.jpg", "0002.jpg"}, nil))
		r.load("dataset", photos[0].JPEG, photos[1].JPEG)
		got := r.inspects(boxAt("cut.zip", box, archives))
		if got.Cause != crawler.Damaged || got.Verdict != want || got.Containers != (crawler.Containers{NotOpened: 1}) || len(got.Unopened) != 1 || got.Unopened[0].Member != "" {
			t.Errorf("%s: %+v, want damaged with a verdict %s and one line", archives, got, want)
		}
		pictures := 0
		for name := range r.findings("dataset") {
			if strings.HasPrefix(name, "picture ") {
				pictures++
			}
		}
		if f := r.findings("files")["manifest"]; pictures != map[string]int{"all": 2, "sample": 2}[archives] || f.Agree == nil || *f.Agree != 2 {
			t.Errorf("%s: %d pictures and %v lines were found, want 2 lines", archives, pictures, f.Agree)
		}
	}
}

// A hundred thousand members that cannot be read do not make as many lines.
func TestUnopenedLinesAreBounded(t *testing.T) {
	walk := func(_ context.Context, _ container.Source, _ container.Options, visit container.Visit) (container.Report, error) {
		for i := range 5000 {
			if err := visit(container.Member{Name: fmt.Sprint(i), Index: i, Size: 7, Cause: "encrypted", Why: "needs a password"}, nil); err != nil {
				return container.Report{}, err
			}
		}
		return container.Report{Format: "zip", Members: 5000}, nil
	}
	r := newRig(t, func(o *inspect.Options) { o.Walk = walk })
	f := boxAt("a.zip", nil, "all")
	f.Slices = false
	got := r.inspects(f)
	if n := len(got.Unopened); n != 1000 || !strings.Contains(got.Unopened[n-1].Why, "and 4000 more members") || got.Members != 5000 {
		t.Errorf("%d lines of %d members, the last %+v; want 1000 that speak of 4000 more", n, got.Members, got.Unopened[n-1])
	}
}

// The first alert does not wait for the end of a large container.
func TestTheFirstFindingIsRaisedAtOnce(t *testing.T) {
	photos := demo.Set(3, 21)
	var r *rig
	walk := func(ctx context.Context, src container.Source, o container.Options, visit container.Visit) (container.Report, error) {
		for i, p := range photos {
			if err := visit(container.Member{Name: fmt.Sprint(i, ".jpg"), Index: i, Size: int64(len(p.JPEG))}, bytes.NewReader(p.JPEG)); err != nil {
				return container.Report{}, err
			}
			if n := len(r.findings("dataset")); n != 1 {
				t.Errorf("%d findings are raised after member %d, want 1", n, i)
			}
		}
		return container.Report{Format: "tar", Members: 3}, nil
	}
	r = newRig(t, func(o *inspect.Options) { o.Walk = walk })
	r.load("dataset", photos[0].JPEG, photos[1].JPEG, photos[2].JPEG)
	r.inspects(boxAt("a.tar", nil, "all"))
	if n := len(r.findings("dataset")); n != 3 {
		t.Errorf("%d findings at the end, want 3", n)
	}
}

// An error of the store, or the end of our time, leaves the visit undone.
func TestContainersReturnErrors(t *testing.T) {
	photo := demo.Set(1, 21)[0]
	r := newRig(t, func(o *inspect.Options) { o.Alerts = failing{errDisk} }, knows([]string{"a.jpg", "b.jpg"}, []string{"AB123"}))
	r.load("dataset", photo.JPEG)
	for _, archives := range []string{"list", "sample", "all"} {
		if _, err := r.room.Inspect(t.Context(), boxAt("a.zip", zipOf(t, file{"a.jpg", photo.JPEG}, file{"b.jpg", photo.JPEG}), archives)); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v, want the store's error", archives, err)
		}
	}
	if _, err := r.room.Inspect(t.Context(), textAt("/t", "AB123")); !errors.Is(err, errDisk) {
		t.Errorf("a text: %v, want the store's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r = newRig(t)
	if _, err := r.room.Inspect(ctx, boxAt("a.zip", zipOf(t, file{"a.jpg", photo.JPEG}), "all")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

// An unchanged container moves the last sighting of what was found in it.
func TestAnUnchangedContainerIsSeenAgain(t *testing.T) {
	r, photo := newRig(t), demo.Set(1, 21)[0]
	r.load("dataset", photo.JPEG)
	f := boxAt("a.zip", zipOf(t, file{"a.jpg", photo.JPEG}), "all")
	r.inspects(f)
	f.Unchanged, f.Container, f.At = true, nil, at().Add(time.Hour)
	if got := r.inspects(f); got.Cause != crawler.Unchanged || !got.Known {
		t.Errorf("%+v, want unchanged", got)
	}
	if all := r.raised(); len(all) != 1 || !all[0].LastSeen.Equal(at().Add(time.Hour)) {
		t.Errorf("last seen %s, want an hour later", all[0].LastSeen)
	}
}
