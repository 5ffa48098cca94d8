package crawler

import (
	"bytes"
	"context"

	"leakwatch/internal/container"
)

// openWhole shows a container that was fetched whole. It is read from memory,
// and it ends how the visit ends.
func (v *visiting) openWhole(ctx context.Context, a answer) error {
	if a.large {
		v.end(LimitBytes, "a container of more than %d bytes", v.options.MaxContainer)
		v.shut(a.format, a.length)
		return nil
	}
	size := int64(len(a.body))
	return v.open(ctx, a.format, Found{
		URL: v.link.url, Page: v.page, SHA256: a.digest, MediaType: a.mediaType, Slices: true,
		Container: &container.Source{Name: a.name, At: bytes.NewReader(a.body), Size: size},
	})
}

// open shows a container, and takes over what came of it.
func (v *visiting) open(ctx context.Context, format string, f Found) error {
	f.Kind, f.Archives = KindContainer, v.place.archives()
	i, err := v.look(ctx, f)
	if err != nil {
		return err
	}
	v.takeOver(i)
	v.end(i.Cause, "%s", i.Why)
	if i.Next == 0 && i.Containers == (Containers{}) {
		v.res.containers.enter(i.Cause)
	}
	if !i.speaksOfWhole() && i.Next == 0 && i.Cause != OK {
		v.res.unopened = append(v.res.unopened, Unopened{Container: format, Size: f.Container.Size, Cause: i.Cause, Why: i.Why})
	}
	return nil
}

// takeOver adds what an inspection counted.
func (v *visiting) takeOver(i Inspection) {
	v.res.pictures.add(i.Pictures)
	v.res.containers.add(i.Containers)
	v.res.members += i.Members
	v.res.unopened = append(v.res.unopened, i.Unopened...)
}

// shut notes a container that nobody opened, with the cause with which the
// visit ends.
func (v *visiting) shut(format string, size int64) {
	v.res.containers.NotOpened++
	o := v.res.outcome
	v.res.unopened = append(v.res.unopened, Unopened{Container: format, Size: size, Cause: o.Cause, Why: o.Why})
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
	i, err := v.look(ctx, Found{Kind: KindText, URL: l.url, Page: v.page, Body: text, SHA256: a.digest, MediaType: a.mediaType})
	if err != nil {
		return err
	}
	v.takeOver(i)
	return nil
}
