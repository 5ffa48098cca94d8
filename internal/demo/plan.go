package demo

import (
	"fmt"
	"net/http"
)

// Plant is one copy of an entry of the data set that stands on a site.
type Plant struct {
	Site  string // its name
	URL   string // of the picture; "" when it is written into its page
	Page  string // URL of the page that holds or links it
	Where string // how: "img", "srcset", "data URI", ...
	Entry int    // index into the data set
	Form  string // "exact", or one of Forms
}

// Exact is the form of a plant that is the very file of the data set.
const Exact = "exact"

// planned is a row of the plan: which form is hidden where.
type planned struct{ site, where, form, kind string }

// plan says what is hidden. Kind is asked for where a form would leave too
// little of a plate to be judged.
func plan() []planned {
	return []planned{
		{"forum", "img", Exact, "lane"},
		{"forum", "img", "jpeg-q30", "plate"},
		{"forum", "srcset", "resize-50", "lane"},
		{"forum", "lazy img", "watermark", "lane"},
		{"forum", "lazy srcset", "wm-small", "plate"},
		{"forum", "picture source", "mirror", "lane"},
		{"forum", "a href", "exif-orientation", "plate"},
		{"forum", "a href", "gray", "lane"},
		{"forum", "noscript", "brightness", "lane"},
		{"market", "a href", "jpeg-q30", "lane"},
		{"market", "a href", "watermark", "lane"},
		{"market", "a href", "rot-90", "plate"},
		{"market", "img", "resize-25", "lane"},
		{"market", "img", "banner", "plate"},
		{"market", "stylesheet", "png", "plate"},
		{"market", "style attribute", "rot-180", "lane"},
		{"market", "style element", "resize-50", "plate"},
		{"market", "video poster", "mirror", "lane"},
		{"market", "svg image", "gif", "lane"},
		{"board", "data URI", "resize-50", "lane"},
		{"board", "data URI in CSS", "jpeg-q30", "plate"},
		{"board", "og:image", "wm-small", "lane"},
		{"board", "noscript", "crop-5", "lane"},
		{"board", "link rel", "rot-270", "lane"},
		{"board", "img", Exact, "plate"},
		{"board", "a href", "tiff", "plate"},
		{"board", "a href", "bmp", "lane"},
	}
}

// leak is a plant before it has a place.
type leak struct {
	planned
	entry     int
	file      []byte
	mediaType string
}

// leaks makes the copies that the plan asks for.
func leaks(set []Photo) ([]leak, error) {
	rows := plan()
	all := make([]leak, len(rows))
	used := map[int]bool{}
	for i, row := range rows {
		all[i] = leak{planned: row, entry: choose(set, row.kind, i*len(set)/len(rows), used)}
		used[all[i].entry] = true
	}
	faults := make([]error, len(all))
	each(len(all), func(i int) {
		l, photo := &all[i], set[all[i].entry]
		if l.file, l.mediaType = photo.JPEG, "image/jpeg"; l.form != Exact {
			l.file, l.mediaType, faults[i] = Edit(photo.Image(), l.form)
		}
	})
	for i, err := range faults {
		if err != nil {
			return nil, fmt.Errorf("demo: leak %d: %w", i, err)
		}
	}
	return all, nil
}

// choose finds an entry of a kind from an index onwards, an unused one if
// there is one.
func choose(set []Photo, kind string, from int, used map[int]bool) int {
	fallback := from % len(set)
	for k := range len(set) {
		i := (from + k) % len(set)
		if set[i].Kind == kind && !used[i] {
			return i
		}
		if set[i].Kind == kind && set[fallback].Kind != kind {
			fallback = i
		}
	}
	return fallback
}

// builder fills the sites of a world.
type builder struct {
	world   *World
	leaks   []leak
	pool    []Photo // strangers of some size
	badges  []Photo // avatars and icons
	next    int     // of the pool
	badge   int
	site    string
	onion   string
	web     Web
	numbers int // for names of files
}

// begin starts a site.
func (b *builder) begin(name string) {
	b.site, b.web = name, Web{}
	b.onion = b.world.Handle(name, b.web)
	b.world.sites = append(b.world.sites, Site{Name: name, Onion: b.onion, Seeds: []string{"http://" + b.onion + "/"}})
}

// put serves a file under a name that says nothing.
func (b *builder) put(folder string, file []byte, mediaType string) string {
	b.numbers++
	ext := map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/bmp": ".bmp", "image/tiff": ".tif"}[mediaType]
	path := fmt.Sprintf("%s%02x%03x%s", folder, b.numbers*167%256, b.numbers, ext)
	b.web[path] = Resource{MediaType: mediaType, Body: file}
	return path
}

// stranger puts a picture that is in no set and returns its path.
func (b *builder) stranger(folder string) string {
	p := b.pool[b.next%len(b.pool)]
	b.next++
	return b.unrelated(folder, p)
}

func (b *builder) avatar(folder string) string {
	p := b.badges[b.badge%len(b.badges)]
	b.badge++
	return b.unrelated(folder, p)
}

func (b *builder) unrelated(folder string, p Photo) string {
	path := b.put(folder, p.JPEG, "image/jpeg")
	b.world.strangers = append(b.world.strangers, "http://"+b.onion+path)
	return path
}

// take is the next leak for a place on this site.
func (b *builder) take(where string) leak {
	for i, l := range b.leaks {
		if l.site == b.site && l.where == where {
			b.leaks = append(b.leaks[:i:i], b.leaks[i+1:]...)
			return l
		}
	}
	panic(fmt.Sprintf("demo: the plan has no more %q on %s", where, b.site))
}

// plant puts the next leak for a place and returns its path.
func (b *builder) plant(where, folder, page string) string {
	l := b.take(where)
	path := b.put(folder, l.file, l.mediaType)
	b.record(l, "http://"+b.onion+path, page)
	return path
}

// inline is the next leak for a place, to be written into a page.
func (b *builder) inline(where, page string) leak {
	l := b.take(where)
	b.record(l, "", page)
	return l
}

func (b *builder) record(l leak, url, page string) {
	b.world.planted = append(b.world.planted, Plant{b.site, url, "http://" + b.onion + page, l.where, l.entry, l.form})
}

// traps are links that must not be followed: addresses of this machine and of
// others, clear names, other schemes and ports, another onion.
func (b *builder) traps() string {
	at := b.world.trap.port
	html := ""
	for i, url := range []string{
		fmt.Sprintf("http://127.0.0.1:%d/leak.jpg", at),
		fmt.Sprintf("http://localhost:%d/leak.jpg", at),
		fmt.Sprintf("http://2130706433:%d/leak.jpg", at),
		fmt.Sprintf("http://127.1:%d/leak.jpg", at),
		fmt.Sprintf("http://[::ffff:127.0.0.1]:%d/leak.jpg", at),
		"http://10.0.0.7/leak.jpg",
		"https://cdn.example.com/leak.jpg",
		"//static.example.net/leak.jpg",
		"http://" + Onion("nobody's site") + "/leak.jpg",
		"http://" + b.onion + ":22/leak.jpg",
		"ftp://" + b.onion + "/leak.jpg",
		"file:///etc/hostname",
	} {
		if i%2 == 0 {
			html += fmt.Sprintf("<img src=%q alt=\"\" width=\"1\" height=\"1\">\n", url)
		} else {
			html += fmt.Sprintf("<a href=%q>mirror</a>\n", url)
		}
	}
	b.web["/out"] = Resource{Location: fmt.Sprintf("http://127.0.0.1:%d/out", at)}
	b.web["/away"] = Resource{Location: "https://example.org/away", Status: http.StatusMovedPermanently}
	return html + `<a href="/out">out</a> <a href="/away">away</a> <a href="mailto:a@example.org">mail</a> <a href="javascript:void(0)">top</a>`
}
