package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	enc "encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"leakwatch/internal/demo"
)

// A fieldCase is a fault that others have met in the field: pages that hid
// their pictures from a crawler, or broke it.
type fieldCase struct {
	name   string
	site   func(copyOf func(int) []byte) wireSite
	found  map[string]int    // path -> the picture of the set that stands there
	causes map[string]string // of links that end in another cause than ok
	maybe  map[string]int    // found, or its link has the cause broken_http and is tried again soon
	never  []string          // must not be asked for
}

// jpegAt puts a copy of the set's picture i on the wire.
func jpegAt(file []byte) []byte { return wireAnswer("image/jpeg", file) }

// hidingPages keep their pictures where a careless crawler does not look.
func hidingPages() []fieldCase {
	return []fieldCase{
		{
			name: "noscript",
			site: func(c func(int) []byte) wireSite {
				return wireSite{
					"/":        wireHTML(`<title>t</title><noscript><p><img src=/one.jpg srcset="/two.jpg 2x"></p></noscript><img data-later=x><a href=/wall>on</a>`),
					"/wall":    wireHTML(`<head><noscript><meta http-equiv=refresh content="0; url=/behind"></noscript></head><body>turn on scripts`),
					"/behind":  wireHTML(`<noframes><img src="/three.jpg"></noframes><template><p><img src=/four.jpg></template><image src=/five.jpg>`),
					"/one.jpg": jpegAt(c(0)), "/two.jpg": jpegAt(c(1)), "/three.jpg": jpegAt(c(2)), "/four.jpg": jpegAt(c(3)), "/five.jpg": jpegAt(c(4)),
				}
			},
			found: map[string]int{"/one.jpg": 0, "/two.jpg": 1, "/three.jpg": 2, "/four.jpg": 3, "/five.jpg": 4},
		},
		{
			name: "srcset",
			site: func(c func(int) []byte) wireSite {
				inline := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(c(0))
				return wireSite{
					"/":                   wireHTML(`<img srcset="/crop=1,2,3/one.jpg 100w,/crop=4,5/two.jpg 200w ,/three.jpg 5x,` + inline + ` 2x, /four.jpg (a,b) 3x, /five.jpg,">`),
					"/crop=1,2,3/one.jpg": jpegAt(c(1)), "/crop=4,5/two.jpg": jpegAt(c(2)), "/three.jpg": jpegAt(c(3)), "/four.jpg": jpegAt(c(4)), "/five.jpg": jpegAt(c(5)),
				}
			},
			found: map[string]int{"/#data": 0, "/crop=1,2,3/one.jpg": 1, "/crop=4,5/two.jpg": 2, "/three.jpg": 3, "/four.jpg": 4, "/five.jpg": 5},
			never: []string{"/crop=1", "/three.jpg,", "/five.jpg,", "/b)"},
		},
		{
			name: "charset",
			site: func(c func(int) []byte) wireSite {
				return wireSite{
					"/": wireAnswer("text/html", utf16LE("\ufeff<a href='/next'>on</a><img src='/one.jpg'>")),
					// In windows-1251: ж is E6, а is E0.
					"/next":    wireAnswer("text/html", []byte("<meta charset=windows-1251><img src='/\xe6\xe0.jpg?q=\xe0\xe6'>")),
					"/one.jpg": jpegAt(c(0)), "/%D0%B6%D0%B0.jpg?q=%E0%E6": jpegAt(c(1)),
				}
			},
			found: map[string]int{"/one.jpg": 0, "/%D0%B6%D0%B0.jpg?q=%E0%E6": 1},
		},
		{
			name: "styles",
			site: func(c func(int) []byte) wireSite {
				return wireSite{
					"/":           wireHTML(`<link rel=stylesheet href=/a.css><style>@import '/b.css'; p{background:URL( "/o\"ne.jpg" )}</style><p style="background:url(&quot;/t\20 wo.jpg&quot;)">`),
					"/a.css":      wireAnswer("text/css", []byte(`@import url(/c.css);p{background:image-set("/three.jpg" 1x,url(/fo\,ur.jpg) 2x)}/* url(/comment.jpg) */`)),
					"/b.css":      wireAnswer("text/css", []byte("p{content:url('/fi\\\nve.jpg')}")),
					"/c.css":      wireAnswer("text/css", []byte(`p{cursor:url(  /si\e9 .jpg  ),auto}`)),
					"/o%22ne.jpg": jpegAt(c(0)), "/t%20wo.jpg": jpegAt(c(1)), "/three.jpg": jpegAt(c(2)), "/fo,ur.jpg": jpegAt(c(3)), "/five.jpg": jpegAt(c(4)), "/si%C3%A9.jpg": jpegAt(c(5)),
				}
			},
			found: map[string]int{"/o%22ne.jpg": 0, "/t%20wo.jpg": 1, "/three.jpg": 2, "/fo,ur.jpg": 3, "/five.jpg": 4, "/si%C3%A9.jpg": 5},
			never: []string{"/comment.jpg"},
		},
	}
}

// brokenAnswers are such as servers give and clients refuse.
func brokenAnswers() []fieldCase {
	return []fieldCase{
		{
			name: "cut-page",
			site: func(c func(int) []byte) wireSite {
				return wireSite{
					"/":        wireHTML(`<a href=/cut>on</a>`),
					"/cut":     wireAnswer("text/html", cutGzip("<img src=/one.jpg>"+strings.Repeat(" ", 5000)+"<p>end"), "Content-Encoding: gzip"),
					"/one.jpg": jpegAt(c(0)),
				}
			},
			found:  map[string]int{"/one.jpg": 0},
			causes: map[string]string{"/cut": "partial"},
		},
		{
			name: "broken-answers",
			site: func(c func(int) []byte) wireSite {
				with := func(line string, i int) []byte {
					return slices.Concat([]byte("HTTP/1.1 200 OK\r\n"+line+"\r\n"), bytes.TrimPrefix(jpegAt(c(i)), []byte("HTTP/1.1 200 OK\r\n")))
				}
				return wireSite{
					"/":      wireHTML(`<img src=/space><img src=/colon><img src=/status><img src=/control><img src=/twice>`),
					"/space": with("X-Served By: me", 0), "/colon": with("what is this", 1), "/status": with("HTTP/1.1 200 OK", 2), "/control": with("Set-Cookie: a=\x02", 3),
					"/twice": fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(c(4)), c(4)),
				}
			},
			maybe: map[string]int{"/space": 0, "/colon": 1, "/status": 2, "/control": 3, "/twice": 4},
		},
	}
}

func utf16LE(text string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = enc.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// cutGzip packs a text and loses the end of it.
func cutGzip(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.Bytes()[:b.Len()-9]
}

// Each fault on a site of its own, all in one round.
func TestFieldCases(t *testing.T) {
	f, photos := newFieldWorld(t), demo.Set(6, 11)
	files := map[string][]byte{}
	for _, p := range photos {
		files[p.Name] = p.JPEG
	}
	refs := f.load("field", files)
	cases := slices.Concat(hidingPages(), brokenAnswers())
	onions := map[string]string{}
	for _, c := range cases {
		onions[c.name] = f.site(c.name, c.site(func(i int) []byte {
			file, _ := editedPhoto(t, photos[i].Image(), "jpeg-q30")
			return file
		}))
	}
	f.run(0, "run", "--once")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f.t = t
			c.check(t, f, func(i int) string { return refs[photos[i].Name] })
			for _, r := range f.world.Requests() {
				if r.Host == onions[c.name] && slices.Contains(c.never, r.Path) {
					t.Errorf("%s was asked for", r.Path)
				}
			}
		})
	}
	if got := f.world.Violations(); len(got) > 0 {
		t.Errorf("violations %q", got)
	}
}

func (c fieldCase) check(t *testing.T, f *fieldWorld, ref func(int) string) {
	found, links := f.findings(c.name), f.links(c.name)
	want := map[string]int{}
	maps.Copy(want, c.found)
	for path, i := range c.maybe {
		l := links[path]
		if found[path].Ref != nil {
			want[path] = i
			continue
		}
		if l.Cause == nil || *l.Cause != "broken_http" || l.Tries != 1 || time.Until(*l.NextDue) > 2*time.Minute {
			t.Errorf("%s is neither found nor broken_http and tried again soon: %+v", path, l)
		}
	}
	for path, i := range want {
		one := found[path]
		if one.Ref == nil || *one.Ref != ref(i) || one.Verdict != "copy" {
			t.Errorf("%s: found %v as %q, want %s as copy", path, cellText(one.Ref), one.Verdict, ref(i))
		}
	}
	if len(found) != len(want) {
		t.Errorf("found %v, want %v", slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(want)))
	}
	for path, l := range links {
		cause := c.causes[path]
		if cause == "" {
			cause = "ok"
		}
		_, may := c.maybe[path]
		if !may && (l.Cause == nil || string(*l.Cause) != cause) {
			t.Errorf("%s ended in %s (%s), want %s", path, causeText(l.Cause), cellText(l.Why), cause)
		}
	}
	if state := f.state(c.name); state != "watching" {
		t.Errorf("the site is %s, want watching", state)
	}
}
