package demo

import (
	"fmt"
	"html"
	"strings"
)

// forum is a board with threads, paging, avatars, lazy pictures and srcset.
func (b *builder) forum() {
	b.begin("forum")
	threads := []string{"Leaked camera archive, part 1", "Rate my setup", "Which mirror is real?", "Plates dump", "Wallpapers", "Intro thread"}
	list := ""
	for i, title := range threads {
		list += fmt.Sprintf("<tr><td><img class=\"avatar\" src=\"%s\" alt=\"\"></td><td><a href=\"/thread/%d\">%s</a></td></tr>\n", b.avatar("/avatars/"), i+1, html.EscapeString(title))
	}
	nav := "<nav><a href=\"/\">Home</a> <a href=\"/members\">Members</a> <a href=\"/rules.html\">Rules</a></nav>"
	b.web.page("/", "darkplaza", `<link rel="icon" href="`+b.avatar("/")+`">`, nav+"<h1>darkplaza</h1><table>"+list+"</table>"+b.traps())
	b.web.page("/rules.html", "Rules", "", nav+"<p>Be kind. No doxing.</p><img src=\"../"+strings.TrimPrefix(b.stranger("/img/"), "/")+"\" alt=\"\">")
	members := ""
	for i := range 8 {
		members += fmt.Sprintf("<li><img src=\"%s\" alt=\"\"> user%d</li>\n", b.avatar("/avatars/"), i+1)
	}
	b.web.page("/members", "Members", "", nav+"<ul>"+members+"</ul>")

	for i, title := range threads {
		const pages = 3
		for n := 1; n <= pages; n++ {
			path := fmt.Sprintf("/thread/%d", i+1)
			next := ""
			if n > 1 {
				path = fmt.Sprintf("/thread/%d?page=%d", i+1, n)
			}
			if n < pages {
				next = fmt.Sprintf("<a rel=\"next\" href=\"?page=%d\">next page</a>", n+1)
			}
			b.web.page(path, html.EscapeString(title), "", nav+"<h1>"+html.EscapeString(title)+"</h1>\n"+b.posts(i, n, path)+next)
		}
	}
}

// posts writes the posts of one page of a thread.
func (b *builder) posts(thread, page int, path string) string {
	post := func(body string) string {
		return fmt.Sprintf("<article><p>post %d.%d</p>%s</article>\n", thread+1, page, body)
	}
	all := post(fmt.Sprintf("<p>look at this</p><img src=\"%s\" alt=\"photo\" width=\"480\">", b.stranger("/img/")))
	switch {
	case thread == 0 && page == 1:
		all += post(fmt.Sprintf("<img src=\"%s\" alt=\"\">", b.plant("img", "/img/", path)))
		all += post(fmt.Sprintf("<img src=\"%s\" srcset=\"%s 320w, %s 640w\" sizes=\"100vw\" alt=\"\">", b.avatar("/img/"), b.stranger("/img/"), b.plant("srcset", "/img/", path)))
	case thread == 0 && page == 2:
		all += post(fmt.Sprintf("<img class=\"lazy\" src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\" data-src=\"%s\" alt=\"\">", b.plant("lazy img", "/img/", path)))
		all += post(fmt.Sprintf("<picture><source type=\"image/jpeg\" srcset=\"%s\"><img src=\"%s\" alt=\"\"></picture>", b.plant("picture source", "/img/", path), b.stranger("/img/")))
	case thread == 0 && page == 3:
		all += post(fmt.Sprintf("<p>full size:</p><a href=\"%s\">attachment</a>", b.plant("a href", "/attachment/", path)))
	case thread == 3 && page == 1:
		all += post(fmt.Sprintf("<blockquote>quote<img src=\"%s\" alt=\"\"></blockquote>", b.plant("img", "/img/", path)))
		all += post(fmt.Sprintf("<img data-srcset=\"%s 1x, %s 2x\" alt=\"\">", b.stranger("/img/"), b.plant("lazy srcset", "/img/", path)))
	case thread == 3 && page == 3:
		all += post(fmt.Sprintf("<noscript><img src=\"%s\" alt=\"\"></noscript>", b.plant("noscript", "/img/", path)))
	case thread == 4 && page == 2:
		all += post(fmt.Sprintf("<a href=\"%s\"><img src=\"%s\" alt=\"\"></a>", b.plant("a href", "/attachment/", path), b.avatar("/img/")))
	}
	return all
}
