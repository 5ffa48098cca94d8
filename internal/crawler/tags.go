package crawler

import "strings"

// tag takes what one start tag refers to, its attributes being in p.attrs.
// Forms are not followed: a crawler that sends forms acts.
func (p *pageReader) tag(name string) {
	if len(p.attrs) == 0 {
		return
	}
	switch name {
	case "a", "area":
		p.link(find(p.attrs, "href"))
	case "iframe", "frame":
		p.link(find(p.attrs, "src"))
	case "base":
		p.setBase(find(p.attrs, "href"))
	case "link":
		p.linkElement()
	case "meta":
		p.meta()
	case "img", "input":
		p.picture(find(p.attrs, "src"))
		p.picture(find(p.attrs, "lowsrc"))
	case "embed":
		p.picture(find(p.attrs, "src"))
	case "image", "use", "feimage": // image is also an old name of img
		for _, key := range []string{"src", "href", "xlink:href"} {
			p.picture(find(p.attrs, key))
		}
	case "source", "video", "audio", "track":
		if src := find(p.attrs, "src"); hasPictureExt(src) {
			p.picture(src)
		}
	case "object":
		if strings.HasPrefix(strings.ToLower(find(p.attrs, "type")), "text/html") {
			p.link(find(p.attrs, "data"))
		} else {
			p.picture(find(p.attrs, "data"))
		}
	}
	for i := range p.attrs {
		p.anyTag(name, p.attrs[i])
	}
}

// anyTag takes the attributes that refer to pictures in whatever tag.
func (p *pageReader) anyTag(tag string, a attr) {
	switch string(a.key) {
	case "style":
		p.css(string(a.value))
	case "background", "poster":
		p.picture(string(a.value))
	case "srcset", "imagesrcset":
		p.srcset(string(a.value))
	case "srcdoc":
		if tag == "iframe" {
			p.read(a.value)
		}
	default:
		if len(a.key) > 5 && string(a.key[:5]) == "data-" {
			p.lazy(tag, string(a.key), string(a.value))
		}
	}
}

// link takes a link to a page, or to what its name says is a container. One
// that by its name leads to a picture is taken for a picture as well: galleries link their large ones so, and others
// call a page so that shows one.
func (p *pageReader) link(raw string) {
	switch {
	case raw == "":
		return
	case isDataURI(raw):
		p.inlineData(raw)
		return
	case hasContainerExt(raw): // also beside the part that is followed: it is content
		p.add(raw, kindContainer)
	case p.limits.files && hasPictureExt(raw):
	case p.within == nil || p.within[raw]:
		p.add(raw, kindPage)
	}
	if hasPictureExt(raw) {
		p.add(raw, kindPicture)
	}
}

func (p *pageReader) picture(raw string) {
	if isDataURI(raw) {
		p.inlineData(raw)
		return
	}
	if raw != "" {
		p.add(raw, kindPicture)
	}
}

func (p *pageReader) sheet(raw string) {
	if isDataURI(raw) {
		p.inlineData(raw)
		return
	}
	p.add(raw, kindStyle)
}

func (p *pageReader) srcset(value string) {
	urls, more := readSrcset(value)
	if more {
		p.doc.refused[LimitLinks]++
		p.flag(LimitLinks, "a srcset with more than 64 pictures")
	}
	for _, u := range urls {
		p.picture(u)
	}
}

// setBase takes the first <base>. It resolves links and widens no scope.
func (p *pageReader) setBase(raw string) {
	if p.based || raw == "" {
		return
	}
	if u, err := canonical(raw, p.base, p.query, nil); err == nil {
		p.based, p.base = true, u
		p.lateBase = len(p.doc.refs) > 0
	}
}

func (p *pageReader) linkElement() {
	href := find(p.attrs, "href")
	if find(p.attrs, "itemprop") != "" && pictureProperty(find(p.attrs, "itemprop")) {
		p.picture(href)
		return
	}
	as := strings.ToLower(find(p.attrs, "as"))
	for _, rel := range strings.Fields(strings.ToLower(find(p.attrs, "rel"))) {
		switch {
		case rel == "stylesheet", rel == "preload" && as == "style":
			p.sheet(href)
			return
		case rel == "icon", rel == "image_src", rel == "mask-icon", strings.HasPrefix(rel, "apple-touch-"),
			(rel == "preload" || rel == "prefetch") && (as == "image" || hasPictureExt(href)):
			p.picture(href)
			return
		case (rel == "next" || rel == "prev" || rel == "alternate") && !strings.Contains(strings.ToLower(find(p.attrs, "rel")), "stylesheet"):
			p.link(href)
			return
		}
	}
}

func (p *pageReader) meta() {
	content := find(p.attrs, "content")
	for _, key := range []string{"property", "name", "itemprop"} {
		if pictureProperty(find(p.attrs, key)) {
			p.picture(content)
			return
		}
	}
	label := find(p.attrs, "charset")
	switch strings.ToLower(find(p.attrs, "http-equiv")) {
	case "refresh":
		p.refresh(content)
	case "content-type":
		if _, after, ok := strings.Cut(strings.ToLower(content), "charset="); ok && label == "" {
			label = strings.Trim(after, " \t\n\f\r\"';")
		}
	}
	if label != "" && p.lateCharset == "" {
		p.lateCharset = metaCharset(label)
	}
}

func (p *pageReader) refresh(content string) {
	raw, ok := readRefresh(content)
	if !ok {
		return
	}
	p.add(raw, kindPage) // within is no matter: the reader has no choice either
	if p.doc.refresh != nil {
		return
	}
	u, err := canonical(raw, p.base, p.query, p.limits.drop)
	if err == nil && u.String() != p.self && len(u.String()) <= p.limits.url {
		p.doc.refresh = u
	}
}

// pictureProperty knows the names under which pages state their picture.
func pictureProperty(name string) bool {
	switch name = strings.ToLower(name); name {
	case "og:image", "og:image:url", "og:image:secure_url", "twitter:image", "twitter:image:src", "image",
		"thumbnail", "thumbnailurl", "image_src", "msapplication-tileimage":
		return true
	}
	return strings.HasPrefix(name, "msapplication-square") || strings.HasPrefix(name, "msapplication-wide")
}
