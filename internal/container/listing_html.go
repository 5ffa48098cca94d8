package container

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// indexPage collects the rows of a page that may be the index of a folder.
type indexPage struct {
	page string // its address
	row  indexRow
	date *regexp.Regexp
	out  []Line

	rows, dated, named int  // that lead to a file or folder; with a date or size; whose text is its address
	marked             bool // title or heading say that it is an index
}

// indexRow is what stands between two breaks of a page.
type indexRow struct {
	href, text    string
	before, after strings.Builder
	links         int // that lead to different places
	stated        int64
}

const maxRow = 16 << 10 // bytes of one row's text

// months by which dates are known, also of servers that speak German.
const months = `(?:jan|feb|mar|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)`

// dates are the ways in which the servers write when a file was changed.
const dates = `(?i)\b\d{4}-\d{2}-\d{2}(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(?: ?(?:[+-]\d{2}:?\d{2}\b|Z))?` + // Apache, Caddy, ls
	`|\b\d{4}-` + months + `-\d{1,2}(?: +\d{1,2}:\d{2}(?::\d{2})?)?` + // lighttpd
	`|\b\d{1,2}[- ]?` + months + `[- ,]{0,2}\d{4}(?: +\d{1,2}:\d{2}(?::\d{2})?)?(?: +GMT)?` + // nginx, mini_httpd, Tomcat
	`|\b\d{2}-` + months + `-\d{2} +\d{2}:\d{2}\b` + // zipinfo
	`|\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4},?(?: +\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?)?(?: [+-]\d{2}:?\d{2})?` + // IIS, DOS
	`|\b` + months + ` +\d{1,2} +(?:\d{4}\b|\d{1,2}:\d{2}(?::\d{2})?)` + // ls
	`|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day, [a-z]+ +\d{1,2}, \d{4}(?: +\d{1,2}:\d{2} ?[ap]m)?` // IIS, long

// listingHTML reads the index of a folder as web servers write them.
func listingHTML(body []byte, page string) ([]Line, string) {
	p := &indexPage{page: page, date: regexp.MustCompile(dates)}
	p.row.stated = -1
	p.read(body)
	p.breakRow()
	switch {
	case p.rows == 0:
		return nil, ""
	case p.marked:
	case p.dated >= 3 && 10*p.dated >= 6*p.rows:
	case p.named >= 3 && 10*p.named >= 9*p.rows:
	default:
		return nil, ""
	}
	return p.out, "index"
}

// read goes through the tokens of the page, by the tokenizer: no depth of
// elements stops it.
func (p *indexPage) read(body []byte) {
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(1 << 20)
	var pre, skip, link, head bool
	for len(p.out) < MaxLines {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			switch text := z.Text(); {
			case skip:
			case head:
				p.headline(text)
			case link:
				p.linkText(text)
			default:
				p.text(text, pre)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch string(name) {
			case "pre":
				pre = true
			case "script", "style":
				skip = true
			case "title", "h1", "h2", "h3", "h4":
				head = true
			case "tr", "li", "br", "hr", "p", "ul":
				p.breakRow()
			case "a":
				link = p.anchor(z, more)
				more = false
			}
			p.attributes(z, more)
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "pre":
				pre = false
				p.breakRow()
			case "script", "style":
				skip = false
			case "title", "h1", "h2", "h3", "h4":
				head = false
			case "a":
				link = false
			case "tr", "li", "ul", "table":
				p.breakRow()
			case "td", "th":
				p.add(" ")
			}
		}
	}
}

// headline looks for the words by which servers call an index.
func (p *indexPage) headline(text []byte) {
	lower := strings.ToLower(strings.TrimSpace(string(text[:min(len(text), 4096)])))
	for _, words := range []string{"index of ", "directory listing", "listing:", "directory: /", "directory index", "contents of /"} {
		p.marked = p.marked || strings.HasPrefix(lower, words) || words == "index of " && strings.Contains(lower, " - index of ")
	}
	if i := strings.Index(lower, " - /"); i > 0 && !strings.ContainsAny(lower[:i], " \t") {
		p.marked = true // IIS: the name of the host, then the path
	}
}

// anchor begins a link of the row, and says whether its text is wanted.
func (p *indexPage) anchor(z *html.Tokenizer, more bool) bool {
	var key, value []byte
	for more {
		key, value, more = z.TagAttr()
		if string(key) != "href" {
			continue
		}
		href := string(value[:min(len(value), maxName)])
		if _, _, ok := linkName(href, p.page); !ok || strings.HasPrefix(href, "?") {
			return false
		}
		if p.row.href == href {
			return true // an icon and a name that lead to the same file
		}
		if p.row.links++; p.row.links > 1 {
			return false
		}
		p.row.href = href
		return true
	}
	return false
}

// attributes takes the exact size that Caddy gives beside the rounded one.
func (p *indexPage) attributes(z *html.Tokenizer, more bool) {
	var key, value []byte
	for more {
		key, value, more = z.TagAttr()
		if k := string(key); (k == "data-order" || k == "data-size") && p.row.href != "" {
			if n, err := strconv.ParseInt(string(value), 10, 64); err == nil && n >= 0 {
				p.row.stated = n
			}
		}
	}
}

func (p *indexPage) linkText(text []byte) {
	if len(p.row.text)+len(text) < maxName {
		p.row.text += string(text)
	}
}

// text adds to the row, of which a line feed is the end where text is
// preformatted.
func (p *indexPage) text(text []byte, pre bool) {
	for pre {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		p.add(string(text[:i]))
		p.breakRow()
		text = text[i+1:]
	}
	p.add(string(text))
}

func (p *indexPage) add(text string) {
	b := &p.row.before
	if p.row.href != "" {
		b = &p.row.after
	}
	if b.Len()+len(text) < maxRow {
		b.WriteString(text)
	}
}

// breakRow ends a row: a file with what the row states of it, or nothing.
func (p *indexPage) breakRow() {
	row := p.row
	if row.href == "" && row.before.Len() == 0 {
		return
	}
	p.row = indexRow{stated: -1}
	if row.href == "" || row.links > 1 {
		p.rows += row.links
		return
	}
	name, folder, ok := linkName(row.href, p.page)
	if !ok || strings.EqualFold(strings.TrimSpace(row.text), "parent directory") {
		return
	}
	l := lineOf(name)
	after, dated := p.undated(row.after.String())
	before, datedBefore := p.undated(row.before.String())
	sized := row.stated >= 0 || l.sizeAfter(after) || l.sizeBefore(before)
	if row.stated >= 0 {
		l.Size = row.stated
	}
	p.rows++
	if sized || dated || datedBefore {
		p.dated++
	}
	if text := cleanLine(row.text); text == name || text+"/" == name {
		p.named++
	}
	if !folder && name != "" {
		p.out = append(p.out, l)
	}
}

// undated returns the words of text without its dates, and whether it had any.
func (p *indexPage) undated(text string) ([]string, bool) {
	rest := p.date.ReplaceAllString(text, " ")
	return strings.Fields(rest), len(rest) != len(text)
}

// sizeAfter takes the first size of the words that follow the name.
func (l *Line) sizeAfter(words []string) bool {
	for i, w := range words {
		number, unit, ok := sizeTokens(w)
		if !ok {
			continue
		}
		if unit == "" && i+1 < len(words) && isUnit(words[i+1]) {
			unit = words[i+1]
		}
		return l.setSize(number, unit)
	}
	return false
}

// sizeBefore takes the last size of the words that precede the name.
func (l *Line) sizeBefore(words []string) bool {
	for i := len(words) - 1; i >= 0; i-- {
		unit := ""
		if i > 0 && isUnit(words[i]) {
			unit, i = words[i], i-1
		}
		number, own, ok := sizeTokens(words[i])
		if !ok || own != "" && unit != "" {
			continue
		}
		return l.setSize(number, own+unit)
	}
	return false
}
