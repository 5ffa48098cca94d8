package crawler

import "strings"

// lazy takes a data-* attribute, in which pages keep the picture that a script
// shows later: by the attribute's name, or because its value ends as the name
// of a picture does.
func (p *pageReader) lazy(tag, key, value string) {
	value = strings.TrimFunc(value, func(r rune) bool { return r <= ' ' })
	switch {
	case value == "":
	case strings.Contains(key, "srcset") || strings.Contains(key, "bgset"):
		p.srcset(value)
	case len(value) > 4 && strings.EqualFold(value[:4], "url("):
		p.css(value)
	case value[0] == '[' || value[0] == '{':
		p.lazyList(value)
	case hasPictureExt(value):
		p.picture(value)
	case !lazyName(key):
	case isDataURI(value):
		p.picture(value)
	case !looksLikeURL(value):
	case tag == "iframe" || tag == "frame":
		p.link(value)
	case tag != "script" && tag != "video" && tag != "audio" && tag != "source" && tag != "link":
		p.picture(value)
	}
}

// lazyList takes the names of pictures out of a piece of JSON.
func (p *pageReader) lazyList(value string) {
	left := maxCandidates
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == '"' || r == '\'' }) {
		if !hasPictureExt(part) {
			continue
		}
		if left--; left < 0 {
			p.doc.refused[LimitLinks]++
			p.flag(LimitLinks, "an attribute with more than 64 pictures")
			return
		}
		p.picture(strings.ReplaceAll(part, `\/`, "/"))
	}
}

// lazyName knows the names that lazy loaders use.
func lazyName(key string) bool {
	name := strings.TrimPrefix(key, "data-")
	for _, head := range []string{"original", "lazy", "bg", "background", "image", "img", "full", "large", "thumb", "hi-res", "hires", "zoom", "poster"} {
		if strings.HasPrefix(name, head) {
			return true
		}
	}
	return strings.Contains(name, "src")
}

// looksLikeURL tells an address from a flag, a number or a piece of JSON.
func looksLikeURL(s string) bool {
	number := strings.IndexByte("-.0123456789", s[0]) >= 0 && strings.Trim(s, "0123456789.,%pxem-/:") == ""
	return !number && strings.ContainsAny(s, "/.?") && !strings.ContainsAny(s, " \t\n{}<>\"[]()")
}

// hasPictureExt reports whether a URL ends as the name of a picture does,
// what comes behind ? and # left aside.
func hasPictureExt(s string) bool {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	s = strings.TrimRight(s, " \t\n\f\r")
	dot := strings.LastIndexByte(s[max(0, len(s)-6):], '.')
	if dot < 0 {
		return false
	}
	switch strings.ToLower(s[max(0, len(s)-6)+dot+1:]) {
	case "jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "png", "apng", "gif", "webp", "bmp", "dib", "tif", "tiff", "avif", "heic", "heif", "jxl", "ico":
		return true
	}
	return false
}
