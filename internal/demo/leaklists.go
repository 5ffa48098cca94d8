package demo

import (
	"crypto/sha256"
	"fmt"
	"html"
	"net/url"
	"strings"
)

// lists puts up what states files without holding them.
func (b *leakBuilder) lists() {
	part := b.exact(30)
	others := b.mixed(b.unrelated(4), b.clutter(6))
	b.leak.Strangers -= 4 // of which only the names stand here
	var sizes []FileSize
	for _, t := range append(part, others...) {
		sizes = append(sizes, FileSize{"march/" + t.Name, int64(len(t.Body))})
	}
	agree := []Hidden{{Kind: HiddenManifest, Agree: len(part), Of: len(sizes)}}
	torrent := Torrent("the dump", sizes...)
	b.serve("lists", "lists", thing{File: File{"the dump.torrent", torrent}, hidden: agree})
	b.serve("lists", "lists", thing{File: File{"ls-lR.txt", listLong(sizes)}, hidden: agree})
	b.serve("lists", "lists", thing{File: File{"SHA256SUMS.txt", sums(part[:24], others)}, hidden: []Hidden{{Kind: HiddenManifest, Agree: 24, Of: 24 + len(others)}}})

	var holiday, cameras []FileSize
	for i := range 40 { // names and sizes of nobody's interest, two of them by chance as those of the set
		holiday = append(holiday, FileSize{fmt.Sprintf("DCIM/100CANON/IMG_%04d.JPG", i+1), int64(60_000 + i*1013)})
		cameras = append(cameras, FileSize{fmt.Sprintf("cam%d/L%02d_20180601_1200%02d_%06d.jpg", i%3, 1+i%4, i, i), int64(80_000 + i*977)})
	}
	holiday[3].Size = sizes[0].Size
	cameras[5].Size = sizes[1].Size
	b.serve("lists", "lists", thing{File: File{"holiday.torrent", Torrent("holiday", holiday...)}})
	b.serve("lists", "lists", thing{File: File{"old-ls-lR.txt", listLong(cameras)}})
	b.web.page("/magnets", "magnets", "", `<a href="`+html.EscapeString(Magnet(torrent, "the dump", 400<<30))+`">all of it</a>`)
	b.links["lists"] = append(b.links["lists"], `<li><a href="/magnets">magnets</a></li>`)
}

// listLong is what `ls -lR` prints.
func listLong(files []FileSize) []byte {
	var b strings.Builder
	folder := ""
	for _, f := range files {
		dir, name, _ := strings.Cut(f.Name, "/")
		if at := strings.LastIndexByte(f.Name, '/'); at >= 0 {
			dir, name = f.Name[:at], f.Name[at+1:]
		}
		if dir != folder {
			fmt.Fprintf(&b, "\n./%s:\ntotal 7704\n", dir)
			folder = dir
		}
		fmt.Fprintf(&b, "-rw-r--r-- 1 root root %8d Jun 12  2019 %s\n", f.Size, name)
	}
	return []byte(b.String())
}

// sums is what `sha256sum` prints.
func sums(lists ...[]thing) []byte {
	var b strings.Builder
	for _, list := range lists {
		for _, t := range list {
			fmt.Fprintf(&b, "%x  ./%s\n", sha256.Sum256(t.Body), t.Name)
		}
	}
	return []byte(b.String())
}

// directory is a folder that nginx shows to everybody, with exact copies,
// strangers, and a folder below.
func (b *leakBuilder) directory() {
	const root, below = "/pub/", "/pub/more/"
	top := b.mixed(b.exact(20), b.unrelated(4))
	for i := range top {
		top[i].Name = top[i].Name[strings.LastIndexByte(top[i].Name, '/')+1:]
	}
	more := append(b.copied(2), b.unrelated(1)...)
	b.index(root, "more/", top)
	b.index(below, "", more)
	b.record(root, "/", stated(top))
}

// index is a page as the autoindex of nginx writes it, and the files in it.
func (b *leakBuilder) index(at, folder string, files []thing) {
	var page strings.Builder
	fmt.Fprintf(&page, "<html>\r\n<head><title>Index of %s</title></head>\r\n<body>\r\n<h1>Index of %s</h1><hr><pre><a href=\"../\">../</a>\r\n", at, at)
	if folder != "" {
		fmt.Fprintf(&page, "<a href=\"%s\">%s</a>%s 12-Jun-2019 08:30       -\r\n", folder, folder, strings.Repeat(" ", 51-len(folder)))
	}
	for _, t := range files {
		shown := t.Name
		if len(shown) > 50 {
			shown = shown[:47] + "..>"
		}
		fmt.Fprintf(&page, "<a href=\"%s\">%s</a>%s 12-Jun-2019 08:30 %19d\r\n", url.PathEscape(t.Name), html.EscapeString(shown), strings.Repeat(" ", 51-len(shown)), len(t.Body))
		path := at + url.PathEscape(t.Name)
		b.web[path] = Resource{MediaType: leakMediaType(t.Name), Body: t.Body}
		for _, h := range t.hidden {
			h.URL, h.Page = b.host+path, b.host+at
			b.leak.Hidden = append(b.leak.Hidden, h)
		}
	}
	page.WriteString("</pre><hr></body>\r\n</html>\r\n")
	b.web[at] = Resource{MediaType: "text/html", Body: []byte(page.String())}
}
