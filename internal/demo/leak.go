package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// The kinds of Hidden.
const (
	HiddenPicture  = "picture"  // a copy of an entry of the set
	HiddenManifest = "manifest" // a list that states files of the set
	HiddenSelector = "selector" // a text that names selectors
	HiddenUnopened = "unopened" // what nobody can look into: it must be named
)

// Hidden is one thing on a leak-shaped site, and what a watcher must say of it.
type Hidden struct {
	Kind   string
	URL    string // of the file that holds it, or of the picture, text or list itself
	Page   string // where the link to it stands
	Member string // nested names joined by "!"; "" for what stands at URL itself; "*" for a name that the format does not give
	Maybe  bool   // may be said, and need not

	Entry int    // of a picture: index into the set
	Form  string // of a picture: Exact, or one of Forms

	Agree, Of int // of a manifest: so many of its lines state a file of the set

	Selectors []string // of a text: those of the leak that stand in it, each once

	Causes []string // of what is not looked at: one of these. With a picture: it may be named so instead of found
}

// Leak is a site in the shape of the leak that this program exists for: 34
// archives of pictures among office files, documents, a torrent, an open
// directory, lists and texts with plates, and strangers beside all of it.
type Leak struct {
	Site      Site
	Set       []Photo  // the data set; Name is that of the file that was lost, with its folder
	Selectors []string // plates and case numbers that were lost, as the owner writes them
	Hidden    []Hidden // sorted by URL and Member
	Archives  int      // files that are archives, volumes counted once
	Strangers int      // pictures that are in no set, each time that one stands somewhere

	Handler http.Handler // the site, for who serves it elsewhere too: its links name no host
}

// LeakOptions say how large a leak is. The zero value is the whole.
type LeakOptions struct {
	Seed   uint64 // 1 when 0
	Photos int    // size of the data set: 60 when 0
}

// NewLeak draws a leak-shaped site and lets it stand in a world.
func NewLeak(w *World, o LeakOptions) (*Leak, error) {
	b, err := newLeakBuilder(w, o, "leak")
	if err != nil {
		return nil, err
	}
	b.archives()
	b.documents()
	b.texts()
	b.lists()
	b.directory()
	b.finish()
	if b.next < len(b.copies) {
		return nil, fmt.Errorf("demo: %d copies were drawn for nothing", len(b.copies)-b.next)
	}
	return b.leak, nil
}

// thing is a file on its way to the site, with what is hidden in it. Members
// are as seen from the file itself.
type thing struct {
	File
	hidden []Hidden
	states int // lines that state a file of the set, if a list were made of it alone: 0 or 1
}

// leakBuilder fills a leak-shaped site.
type leakBuilder struct {
	leak      *Leak
	web       Web
	host      string
	rand      *rand.Rand
	copies    []thing // edited copies, drawn beforehand
	next      int     // of copies
	exacts    int     // how many files of the set were given out as they are
	strangers []Photo
	stranged  int // of strangers
	numbers   int // for names of files
	selected  int // of Selectors
	links     map[string][]string
}

// leakCopies is how many edited copies the plan takes.
const leakCopies = 107

func newLeakBuilder(w *World, o LeakOptions, name string) (*leakBuilder, error) {
	o.Seed, o.Photos = cmp.Or(o.Seed, 1), cmp.Or(o.Photos, 60)
	if o.Photos < 60 {
		return nil, fmt.Errorf("demo: a leak of %d pictures: 60 at least", o.Photos)
	}
	b := &leakBuilder{leak: &Leak{}, web: Web{}, rand: source(o.Seed, placeLeak, 0), links: map[string][]string{}, strangers: make([]Photo, 26)}
	onion := w.Handle(name, b.web)
	b.host = "http://" + onion
	b.leak.Site = Site{Name: name, Onion: onion, Seeds: []string{b.host + "/"}}
	b.leak.Handler = b.web
	b.leak.Set = Set(o.Photos, o.Seed)
	kinds := strangerKinds()
	kinds = kinds[:len(kinds)-2] // no icons
	each(len(b.strangers), func(i int) { b.strangers[i] = drawStranger(kinds[i%len(kinds)], i, o.Seed) })
	b.leak.Selectors = leakSelectors(b.rand)
	if err := b.draw(); err != nil {
		return nil, err
	}
	for i := range b.leak.Set { // as the cameras named them
		p := &b.leak.Set[i]
		day, lane := 1+b.rand.IntN(28), 1+b.rand.IntN(4)
		p.Name = fmt.Sprintf("GATE%02d/201903%02d/L%02d_201903%02d_%02d%02d%02d_%06d.jpg", 1+i%3, day, lane, day,
			b.rand.IntN(24), b.rand.IntN(60), b.rand.IntN(60), 417_000+613*i+b.rand.IntN(600))
	}
	return b, nil
}

// leakForms are those in which copies hide. A plate fills its picture and
// stands less.
func leakForms(kind string) []string {
	if kind == "plate" {
		return []string{"jpeg-q30", "resize-50", "wm-small", "exif-orientation", "banner", "rot-90"}
	}
	return []string{"jpeg-q30", "resize-50", "watermark", "mirror", "gray", "brightness", "rot-180", "wm-small", "crop-5"}
}

// draw makes the copies, each of another entry or in another form than the
// others.
func (b *leakBuilder) draw() error {
	b.copies = make([]thing, leakCopies)
	faults := make([]error, leakCopies)
	each(leakCopies, func(i int) {
		entry := i % len(b.leak.Set)
		photo := b.leak.Set[entry]
		forms := leakForms(photo.Kind)
		form := forms[(i+i/len(b.leak.Set))%len(forms)]
		switch i {
		case 7, 29:
			form = "tiff"
		case 11:
			form = "png"
		}
		file, mediaType, err := Edit(photo.Image(), form)
		if err != nil {
			faults[i] = fmt.Errorf("demo: copy %d: %w", i, err)
			return
		}
		ext := strings.TrimPrefix(mediaType, "image/")
		name := fmt.Sprintf("%s%04d.%s", []string{"IMG_", "DSC0", "scan-", "P101"}[i%4], 311+i*7, map[string]string{"jpeg": "jpg", "tiff": "tif", "png": "png"}[ext])
		b.copies[i] = thing{File: File{name, file}, hidden: []Hidden{{Kind: HiddenPicture, Entry: entry, Form: form}}}
	})
	for _, err := range faults {
		if err != nil {
			return err
		}
	}
	return nil
}

// copied gives out the next n edited copies.
func (b *leakBuilder) copied(n int) []thing {
	b.next += n
	return slices.Clone(b.copies[b.next-n : b.next])
}

// exact gives out the next n files of the set as they are, with their names but
// for the folders.
func (b *leakBuilder) exact(n int) []thing {
	var all []thing
	for range n {
		entry := b.exacts % len(b.leak.Set)
		b.exacts++
		p := b.leak.Set[entry]
		all = append(all, thing{File{p.Name[strings.LastIndexByte(p.Name, '/')+1:], p.JPEG}, []Hidden{{Kind: HiddenPicture, Entry: entry, Form: Exact}}, 1})
	}
	return all
}

// unrelated gives out the next n strangers.
func (b *leakBuilder) unrelated(n int) []thing {
	var all []thing
	for range n {
		b.stranged++
		b.numbers++
		b.leak.Strangers++
		all = append(all, thing{File: File{fmt.Sprintf("photo-%03d.jpg", b.numbers), b.strangers[b.stranged%len(b.strangers)].JPEG}})
	}
	return all
}

// clutter gives out n files as they lie about on any disk, no two the same.
func (b *leakBuilder) clutter(n int) []thing {
	var all []thing
	for range n {
		b.numbers++
		line := fmt.Sprintf("minutes of meeting %d, nothing was decided", b.numbers)
		f := [...]File{
			{fmt.Sprintf("readme-%d.txt", b.numbers), []byte(line + "\n")},
			{"desktop.ini", fmt.Appendf(nil, "[.ShellClassInfo]\r\nInfoTip=%s\r\n", line)},
			{fmt.Sprintf("minutes-%d.docx", b.numbers), Office("docx", []string{line})},
			{fmt.Sprintf("budget-%d.xlsx", b.numbers), Office("xlsx", []string{line, "1\t2\t3"})},
			{"Thumbs.db", OLE("Catalog", noise(5000, uint64(b.numbers)))},
			{fmt.Sprintf("tool-%d.dll", b.numbers), append([]byte("MZ"), noise(3000, uint64(b.numbers))...)},
		}[b.numbers%6]
		all = append(all, thing{File: f})
	}
	return all
}

// mixed shuffles things, and puts some into folders.
func (b *leakBuilder) mixed(lists ...[]thing) []thing {
	all := slices.Concat(lists...)
	b.rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	seen := map[string]bool{}
	for i := range all {
		if folder := []string{"", "", "backup/", "old stuff/2019/"}[i%4]; folder != "" || seen[all[i].Name] {
			all[i].Name = folder + all[i].Name
		}
		for seen[all[i].Name] {
			all[i].Name = "copy of " + all[i].Name
		}
		seen[all[i].Name] = true
	}
	return all
}
