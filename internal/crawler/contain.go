package crawler

import (
	"bytes"
	"context"

	"leakwatch/internal/container"
)

// openWhole shows a container that was fetched whole.
func (v *visiting) openWhole(ctx context.Context, a answer) error {
	src := container.Source{Name: a.name, At: bytes.NewReader(a.body), Size: int64(len(a.body))}
	return v.open(ctx, a.format, Found{SHA256: a.digest, MediaType: a.mediaType, Container: &src}, nil)
}

// open shows a container, and the visit ends as the look does. fail says, after
// the look, why its bytes came to an end before they ended; nil: they cannot.
func (v *visiting) open(ctx context.Context, format string, f Found, fail func() *refusal) error {
	l := &v.res.link
	l.content, l.digest, l.sight = contentContainer, f.SHA256, v.sights.of(contentContainer, false)
	same := v.link.digest == f.SHA256 && !v.link.judgedBefore(v.sights)
	if same {
		f.From = v.link.next
	}
	if v.res.keeping = replaceLines; f.From != 0 {
		v.res.keeping = addLines
	}
	f.Kind, f.URL, f.Page, f.Archives = KindContainer, l.url, v.page, v.place.archives()
	i, err := v.look(ctx, f)
	if err != nil {
		return err
	}
	if i.Cause == OK && i.Next > 0 && i.Next == f.From {
		i.Cause, i.Why, i.Next = LimitTime, "a look at one member takes longer than a slice may", 0
	}
	l.next, v.res.onward = i.Next, i.Next > 0 && (same || v.link.next == 0) // what is another file each time is not read on at once
	v.end(i.Cause, "%s", i.Why)
	if fail != nil {
		if why := fail(); why != nil {
			v.brokenOff(&i, &f, why)
		}
	}
	v.takeOver(i)
	if l.next == 0 && i.Containers == (Containers{}) {
		v.res.containers.enter(v.res.outcome.Cause)
	}
	if o := v.res.outcome; o.Cause != OK && l.next == 0 && !i.speaksOfWhole() {
		v.note(v.link.url, Unopened{Container: format, Size: f.Container.Size, Cause: o.Cause, Why: o.Why})
	}
	l.known = v.res.outcome.Cause
	return nil
}

// brokenOff ends the look at a container whose bytes did not come to their end.
// The next visit goes on where this one could not. Where a budget was used, that
// is in the next round; but what can only be read from the front would use that
// one as well, for the same bytes.
func (v *visiting) brokenOff(i *Inspection, f *Found, why *refusal) {
	l := &v.res.link
	if l.next = i.Next; l.next == 0 {
		l.next = f.From
	}
	v.res.onward = isBudget(why.Cause) && (f.Slices || l.next > 0)
	if l.next == 0 { // it proves nothing
		l.digest, l.etag, l.modified = [32]byte{}, "", ""
	}
	v.end(why.Cause, "%s", why.Why)
}

// takeOver adds what an inspection counted.
func (v *visiting) takeOver(i Inspection) {
	v.res.pictures.add(i.Pictures)
	v.res.containers.add(i.Containers)
	v.res.members += i.Members
	for _, u := range i.Unopened {
		v.note(v.link.url, u)
	}
}

// note keeps a line of what was not looked at, or not wholly.
func (v *visiting) note(url string, u Unopened) {
	l := line{Unopened: u}
	if url != v.link.url {
		l.url = url
	}
	v.res.lines = append(v.res.lines, l)
}

// standsContainer ends a visit of a container that is the same as at the last
// one.
func (v *visiting) standsContainer(ctx context.Context) error {
	_, err := v.look(ctx, Found{Kind: KindContainer, URL: v.link.url, Page: v.page, SHA256: v.link.digest, Unchanged: true, KnownCause: v.link.known})
	return err
}

// speaksOfWhole says that one of the lines is that of the outermost container.
func (i *Inspection) speaksOfWhole() bool {
	for _, u := range i.Unopened {
		if u.Member == "" {
			return true
		}
	}
	return false
}

// archives is how far containers of the site are opened.
func (p *place) archives() string {
	if p.Archives == "" {
		return "sample"
	}
	return p.Archives
}

// readWords shows a text whose words are new, or that a new sight may read
// otherwise. before is the text that stood here.
func (v *visiting) readWords(ctx context.Context, a answer, before [32]byte) error {
	l := &v.res.link
	if l.text == before && v.link.sight == l.sight {
		return nil
	}
	text := readText(a.body, a.header.Get("Content-Type")).body
	i, err := v.look(ctx, Found{Kind: KindText, URL: l.url, Page: v.page, Body: text, SHA256: a.digest, MediaType: a.mediaType, Inline: v.shown})
	if err != nil {
		return err
	}
	v.takeOver(i)
	return nil
}
