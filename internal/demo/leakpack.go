package demo

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// lift gives what is hidden in parts as seen from the container that holds
// them.
func lift(parts []thing) []Hidden {
	var all []Hidden
	for _, p := range parts {
		for _, h := range p.hidden {
			if h.Member == "" {
				h.Member = p.Name
			} else {
				h.Member = p.Name + "!" + h.Member
			}
			all = append(all, h)
		}
	}
	return all
}

// enough is from how many files of the set on, and half of the lines at least,
// a list must be told. With fewer it may be.
const enough = 20

// stated says what a list of parts states. Those in it that are containers may
// be told on their own.
func stated(parts []thing) []Hidden {
	agree := 0
	for _, p := range parts {
		agree += p.states
	}
	if agree == 0 {
		return nil
	}
	return []Hidden{{Kind: HiddenManifest, Agree: agree, Of: len(parts), Maybe: agree < enough || 2*agree < len(parts)}}
}

// pack makes a container of parts.
func pack(name string, how func(...File) []byte, parts []thing) thing {
	files := make([]File, len(parts))
	for i, p := range parts {
		files[i] = p.File
	}
	return thing{File: File{name, how(files...)}, hidden: append(stated(parts), lift(parts)...)}
}

// locked makes a container whose bodies nobody can read: each member is named,
// and what the list states is all that is found.
func locked(name string, how func(...File) []byte, parts []thing) thing {
	t := pack(name, how, parts)
	t.hidden = stated(parts)
	for _, p := range parts {
		t.hidden = append(t.hidden, Hidden{Kind: HiddenUnopened, Member: p.Name, Causes: []string{"encrypted"}})
	}
	return t
}

// shut makes a container of which nothing can be said but why.
func shut(name string, how func(...File) []byte, parts []thing, causes ...string) thing {
	t := pack(name, how, parts)
	t.hidden = []Hidden{{Kind: HiddenUnopened, Causes: causes}}
	return t
}

// zippedBy packs with the same knobs for all members.
func zippedBy(knobs ZipMember) func(...File) []byte {
	return func(files ...File) []byte {
		members := make([]ZipMember, len(files))
		for i, f := range files {
			members[i] = knobs
			members[i].File = f
		}
		return Zip(members...)
	}
}

func sevenBy(how SevenZipHow) func(...File) []byte {
	return func(files ...File) []byte { return SevenZip(how, files...) }
}

func rarBy(lock string) func(...File) []byte {
	return func(files ...File) []byte { return Rar(lock, files...) }
}

// tarBy packs a tar, and that again.
func tarBy(again func([]byte) []byte) func(...File) []byte {
	return func(files ...File) []byte { return again(Tar(files...)) }
}

// serve puts a file on the site and links it from a page of its section.
func (b *leakBuilder) serve(section, folder string, t thing) string {
	at := path.Join("/", folder, t.Name)
	b.web[escapePath(at)] = Resource{MediaType: leakMediaType(t.Name), Body: t.Body}
	b.links[section] = append(b.links[section], fmt.Sprintf(`<li><a href="%s">%s</a> %d KB</li>`, escapePath(at), t.Name, len(t.Body)/1024))
	b.record(at, "/"+section, t.hidden)
	return at
}

func (b *leakBuilder) record(at, page string, hidden []Hidden) {
	for _, h := range hidden {
		h.URL, h.Page = b.host+escapePath(at), b.host+page
		b.leak.Hidden = append(b.leak.Hidden, h)
	}
}

func escapePath(p string) string { return strings.ReplaceAll(p, " ", "%20") }

// leakMediaType is what a plain server says of a name.
func leakMediaType(name string) string {
	types := map[string]string{
		".zip": "application/zip", ".tar": "application/x-tar", ".gz": "application/gzip", ".tgz": "application/gzip", ".bz2": "application/x-bzip2",
		".xz": "application/x-xz", ".7z": "application/x-7z-compressed", ".rar": "application/vnd.rar", ".pdf": "application/pdf", ".jpg": "image/jpeg",
		".png": "image/png", ".tif": "image/tiff", ".csv": "text/csv", ".txt": "text/plain", ".json": "application/json", ".eml": "message/rfc822",
		".torrent": "application/x-bittorrent", ".html": "text/html; charset=utf-8", ".mht": "multipart/related", ".epub": "application/epub+zip",
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	}
	if t := types[path.Ext(name)]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// finish writes the pages of the sections and the first page.
func (b *leakBuilder) finish() {
	list := ""
	for _, section := range []string{"files", "documents", "texts", "lists"} {
		b.web.page("/"+section, section, "", "<h1>"+section+"</h1><ul>\n"+strings.Join(b.links[section], "\n")+"\n</ul><a href=\"/\">back</a>")
		list += fmt.Sprintf(`<li><a href="/%s">%s</a></li>`, section, section)
	}
	b.web.page("/", "the dump", "", "<h1>all of it, 34 parts</h1><ul>"+list+`<li><a href="/pub/">open directory</a></li></ul>`)
	slices.SortStableFunc(b.leak.Hidden, func(x, y Hidden) int {
		return strings.Compare(x.URL+"\x00"+x.Member, y.URL+"\x00"+y.Member)
	})
}
