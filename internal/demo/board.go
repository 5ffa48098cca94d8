package demo

import (
	"encoding/base64"
	"fmt"
)

// board is like a paste site: short pages, pictures written into them as
// data: URIs, previews for other sites in their heads.
func (b *builder) board() {
	b.begin("board")
	const pastes = 12
	list := ""
	for i := range pastes {
		list += fmt.Sprintf("<li><a href=\"/p/%d\">paste %d</a></li>\n", i+1, i+1)
	}
	b.web.page("/", "paste", "", "<h1>Latest</h1><ol>"+list+"</ol>"+b.traps())
	for i := range pastes {
		b.paste(fmt.Sprintf("/p/%d", i+1), i)
	}
	b.web["/p/raw"] = Resource{MediaType: "text/plain; charset=utf-8", Body: []byte("nothing to see\n")}
}

func dataURI(file []byte, mediaType string) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(file)
}

// paste is one page of the board.
func (b *builder) paste(path string, i int) {
	head, body := "", fmt.Sprintf("<pre>paste %d\nlorem ipsum</pre><a href=\"/p/raw\">raw</a>", i+1)
	switch i {
	case 0:
		l := b.inline("data URI", path)
		body += fmt.Sprintf("<img alt=\"\" src=\"%s\">", dataURI(l.file, l.mediaType))
	case 1:
		l := b.inline("data URI in CSS", path)
		head = fmt.Sprintf("<style>.x { background: url(\"%s\") }</style>", dataURI(l.file, l.mediaType))
		body += "<div class=\"x\"></div>"
	case 3:
		head = fmt.Sprintf("<meta property=\"og:image\" content=\"http://%s%s\">", b.onion, b.plant("og:image", "/i/", path))
	case 4:
		body += fmt.Sprintf("<noscript><p>no scripts? <img src=\"%s\" alt=\"\"></p></noscript>", b.plant("noscript", "/i/", path))
	case 6:
		head = fmt.Sprintf("<link rel=\"apple-touch-icon\" href=\"%s\">", b.plant("link rel", "/i/", path))
	case 7:
		body += fmt.Sprintf("<img src=%s alt>", b.plant("img", "/i/", path))
	case 9:
		body += fmt.Sprintf("<a href=\"%s\">scan</a> <a href=\"%s\">bitmap</a>", b.plant("a href", "/i/", path), b.plant("a href", "/i/", path))
	default:
		p := b.pool[b.next%len(b.pool)]
		b.next++
		body += fmt.Sprintf("<img alt=\"\" src=\"%s\">", dataURI(p.JPEG, "image/jpeg"))
	}
	body += fmt.Sprintf("<img src=\"%s\" alt=\"\">", b.stranger("/i/"))
	b.web.page(path, fmt.Sprintf("paste %d", i+1), head, body)
}
