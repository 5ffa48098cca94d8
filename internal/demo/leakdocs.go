package demo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// document makes an office document of a kind with pictures and lines; named
// selectors stand in its lines.
func (b *leakBuilder) document(kind, name string, pictures []thing, selectors []string, lines ...string) thing {
	for i := range pictures {
		pictures[i].Name = fmt.Sprintf("image%d.%s", i+1, map[bool]string{true: "png", false: "jpeg"}[strings.HasSuffix(pictures[i].Name, "png")])
	}
	t := pack(name+"."+kind, func(files ...File) []byte { return Office(kind, lines, files...) }, pictures)
	for i := range t.hidden {
		if t.hidden[i].Kind != HiddenManifest {
			t.hidden[i].Member = MediaFolder(kind) + t.hidden[i].Member
		}
	}
	if len(selectors) > 0 {
		t.hidden = append(t.hidden, Hidden{Kind: HiddenSelector, Member: "*", Selectors: selectors})
	}
	return t
}

// decks are slides as salesmen show them, with pictures of customers.
func (b *leakBuilder) decks() []thing {
	spoken := b.selectors(2)
	return []thing{
		b.document("pptx", "demo for customers", append(b.copied(3), b.unrelated(1)...), spoken, "our cameras", "reads "+spoken[0]+" at night", "and "+spoken[1]+" in rain"),
		b.document("odp", "training", b.copied(1), nil, "how to mount a camera"),
		b.document("pptx", "strategy", b.unrelated(2), nil, "synergies"),
	}
}

// documents puts up what stands outside of archives.
func (b *leakBuilder) documents() {
	text := b.selectors(12)
	rows := []string{"lane\tplate\ttime"}
	for i, s := range text[:8] {
		rows = append(rows, fmt.Sprintf("%d\t%s\t2019-03-14 06:%02d", 1+i%4, spelled(s, i), i))
	}
	// A word that changes its looks in the middle is in two runs.
	split := text[8][:3] + "|" + text[8][3:]
	for _, t := range []thing{
		b.document("docx", "incident report", b.copied(2), text[8:10], "the car "+split+" and the case "+text[9]),
		b.document("pptx", "pilot results", b.copied(2), nil, "results"),
		b.document("xlsx", "reads of march", b.copied(1), text[:8], rows...),
		b.document("odt", "notes", b.copied(1), text[10:11], "seen again: "+text[10]),
		b.document("epub", "manual", append(b.copied(1), b.unrelated(1)...), nil, "chapter one"),
		b.pdf("tender.pdf", false, text[11:12]),
		b.pdf("tender-small.pdf", true, nil),
		b.old("old deck.ppt", "Pictures"),
		b.old("old letter.doc", "Data"),
		b.mail("offer.eml"),
		b.mbox("outbox.mbox"),
		b.page("saved page.mht"),
		b.jsonDump("export.json"),
	} {
		b.serve("documents", "docs", t)
	}
}

// pdf has a JPEG, pixels, and a picture that nobody can decode.
func (b *leakBuilder) pdf(name string, compact bool, selectors []string) thing {
	var pictures []PDFPicture
	var hidden []Hidden
	for _, t := range b.copied(2) {
		if t.hidden[0].Form == "tiff" || t.hidden[0].Form == "png" {
			panic("demo: a PDF takes JPEG alone")
		}
		pictures = append(pictures, PDFPicture{t.Body, []string{PDFJPEG, PDFFlate}[len(pictures)%2]})
		h := t.hidden[0]
		h.Member = "*"
		hidden = append(hidden, h)
	}
	pictures = append(pictures, PDFPicture{b.unrelated(1)[0].Body, PDFJPX})
	hidden = append(hidden, Hidden{Kind: HiddenUnopened, Member: "*", Causes: []string{"unsupported"}})
	if len(selectors) > 0 {
		hidden = append(hidden, Hidden{Kind: HiddenSelector, Member: "*", Selectors: selectors, Maybe: true})
	}
	return thing{File: File{name, PDF(compact, append([]string{"Tender"}, selectors...), pictures...)}, hidden: hidden}
}

// old is a compound file with a JPEG in a stream, which may be named instead of
// found.
func (b *leakBuilder) old(name, stream string) thing {
	h := b.copied(1)[0]
	h.hidden[0].Member, h.hidden[0].Causes = "*", []string{"unsupported"}
	return thing{File: File{name, OLE(stream, append(noise(68, 2), h.Body...))}, hidden: h.hidden}
}

func (b *leakBuilder) mail(name string) thing {
	plates := b.selectors(3)
	inner := pack("photos.zip", zippedBy(ZipMember{Method: 8}), b.copied(2))
	parts := append(b.copied(1), b.unrelated(1)[0], inner)
	t := pack(name, func(files ...File) []byte {
		return Mail("your cameras", append([]string{"as promised, the reads:"}, spelledAll(plates)...), files...)
	}, parts)
	t.hidden = append(lift(parts), Hidden{Kind: HiddenSelector, Member: "*", Selectors: plates})
	return t
}

// mbox has two messages; their parts may bear any name.
func (b *leakBuilder) mbox(name string) thing {
	parts := b.copied(2)
	t := thing{File: File{name, Mbox(Mail("first", nil, parts[0].File), Mail("second", nil, parts[1].File))}}
	for _, p := range parts {
		h := p.hidden[0]
		h.Member = "*"
		t.hidden = append(t.hidden, h)
	}
	return t
}

func (b *leakBuilder) page(name string) thing {
	parts := append(b.copied(1), b.unrelated(1)...)
	h := parts[0].hidden[0]
	h.Member = "*"
	return thing{File: File{name, MHTML("thread", []string{"look at this"}, parts[0].File, parts[1].File)}, hidden: []Hidden{h}}
}

// jsonDump has pictures in base64, with and without a data: URL.
func (b *leakBuilder) jsonDump(name string) thing {
	type row struct {
		ID    int    `json:"id"`
		Photo string `json:"photo"`
	}
	var rows []row
	t := thing{File: File{Name: name}}
	for i, p := range append(b.copied(2), b.unrelated(1)...) {
		text := base64.StdEncoding.EncodeToString(p.Body)
		if i%2 == 0 {
			text = "data:image/jpeg;base64," + text
		}
		rows = append(rows, row{i, text})
		for _, h := range p.hidden {
			h.Member = "*"
			t.hidden = append(t.hidden, h)
		}
	}
	var err error
	if t.Body, err = json.MarshalIndent(rows, "", " "); err != nil {
		panic(fmt.Sprintf("demo: marshal: %v", err)) // strings and numbers
	}
	return t
}
