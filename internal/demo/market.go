package demo

import (
	"encoding/base64"
	"fmt"
	"net/http"
)

// market is a gallery: thumbnails that link to full pictures, backgrounds in
// CSS, a video, drawings in SVG. Some of its files are broken.
func (b *builder) market() {
	b.begin("market")
	b.web["/style.css"] = Resource{MediaType: "text/css", Body: fmt.Appendf(nil,
		"body { background: #111 url('%s') }\n/* url(/comment.jpg) */\n.hero { background-image: url(%s) }\n.bar { background: url(\"%s\") no-repeat }\n",
		b.stranger("/css/"), b.plant("stylesheet", "/css/", "/style.css"), b.stranger("/css/"))}
	head := `<link rel="stylesheet" href="/style.css">`
	list := ""
	for _, i := range []int{1, 2, 3, 4, 9} {
		list += fmt.Sprintf("<li><a href=\"category/%d/\">Category %d</a></li>", i, i)
	}
	b.web.page("/", "NULLBAY", head, "<div class=\"hero\"></div><ul>"+list+"</ul>"+b.traps())
	for i := range 4 {
		path := fmt.Sprintf("/category/%d/", i+1)
		items := ""
		for k := range 6 {
			items += b.offer(path, i, k)
		}
		b.web.page(path, fmt.Sprintf("Category %d", i+1), head, items+fmt.Sprintf("<a href=\"../../item/%d\">best offer</a>", i+1))
		b.item(head, i)
	}
	b.broken(head)
}

// offer is a thumbnail that links to the full picture.
func (b *builder) offer(path string, i, k int) string {
	full, thumb := "", b.avatar("/thumb/")
	switch {
	case i == 0 && k == 2, i == 1 && k == 4, i == 3 && k == 1:
		full = b.plant("a href", "/full/", path)
	case i == 2 && k < 2:
		full, thumb = b.stranger("/full/"), b.plant("img", "/thumb/", path)
	case k%2 == 0:
		full = b.stranger("/full/")
	default:
		return fmt.Sprintf("<div class=\"offer\"><img src=\"%s\" alt=\"\"> sold out</div>\n", thumb)
	}
	return fmt.Sprintf("<div class=\"offer\"><a href=\"%s\"><img src=\"%s\" alt=\"\"></a></div>\n", full, thumb)
}

// item is the page of one offer.
func (b *builder) item(head string, i int) {
	path := fmt.Sprintf("/item/%d", i+1)
	body := "<h1>Offer</h1>"
	switch i {
	case 0:
		body += fmt.Sprintf("<div style=\"width:300px;background-image:url('%s')\"></div>", b.plant("style attribute", "/full/", path))
	case 1:
		head += fmt.Sprintf("<style>.shot{background:url(%s)}</style>", b.plant("style element", "/full/", path))
		body += "<div class=\"shot\"></div>"
	case 2:
		body += fmt.Sprintf("<video controls poster=\"%s\"></video>", b.plant("video poster", "/full/", path))
	case 3:
		body += fmt.Sprintf("<svg width=\"640\" height=\"480\" xmlns=\"http://www.w3.org/2000/svg\"><image href=\"%s\" width=\"640\" height=\"480\"/></svg>", b.plant("svg image", "/full/", path))
	}
	body += fmt.Sprintf("<img src=\"%s\" alt=\"\">", b.stranger("/full/"))
	b.web.page(path, "Offer", head, body)
}

// broken is a page of files that cannot be looked at, each for its own reason.
func (b *builder) broken(head string) {
	half := b.pool[0].JPEG[:len(b.pool[0].JPEG)/2]
	pixel, _ := base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
	for path, res := range map[string]Resource{
		"/broken/half.jpg":    {MediaType: "image/jpeg", Body: half},
		"/broken/html.jpg":    {MediaType: "image/jpeg", Body: []byte("<html><body>moved</body></html>")},
		"/broken/pixel.gif":   {MediaType: "image/gif", Body: pixel},
		"/broken/gone.jpg":    {MediaType: "text/plain", Body: []byte("gone"), Status: http.StatusGone},
		"/broken/members.jpg": {MediaType: "text/plain", Body: []byte("members only"), Status: http.StatusForbidden},
		"/broken/failed.jpg":  {MediaType: "text/plain", Body: []byte("oops"), Status: http.StatusInternalServerError},
	} {
		b.web[path] = res
	}
	b.web.page("/category/9/", "Old stock", head, `<img src="/broken/half.jpg"><img src="/broken/html.jpg"><img src="/broken/pixel.gif">`+
		`<img src="/broken/gone.jpg"><img src="/broken/members.jpg"><img src="/broken/failed.jpg"><img src="/broken/absent.jpg">`)
}
