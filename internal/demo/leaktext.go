package demo

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// leakSelectors are 150 plates and 10 case numbers. All plates begin with one
// of four letters, with which nothing else in the world's texts begins.
func leakSelectors(r *rand.Rand) []string {
	var all []string
	for len(all) < 150 {
		plate := fmt.Sprintf("%c%c%c %04d", "KFTX"[r.IntN(4)], "ABCDEHMPRW"[r.IntN(10)], "ABCDEHMPRW"[r.IntN(10)], r.IntN(10_000))
		if !slices.Contains(all, plate) {
			all = append(all, plate)
		}
	}
	for range 10 {
		all = append(all, fmt.Sprintf("XQ-2019-%06d", r.IntN(1_000_000)))
	}
	return slices.Compact(all)
}

// selectors gives out the next n, from the front again when all were given.
func (b *leakBuilder) selectors(n int) []string {
	var some []string
	for range n {
		some = append(some, b.leak.Selectors[b.selected%len(b.leak.Selectors)])
		b.selected++
	}
	return some
}

// spelled writes a plate in one of the ways in which people do.
func spelled(plate string, way int) string {
	bare := strings.ReplaceAll(plate, " ", "")
	switch way % 7 {
	case 1:
		return bare
	case 2:
		return strings.ToLower(strings.ReplaceAll(plate, " ", "-"))
	case 3:
		return strings.ReplaceAll(plate, " ", ".")
	case 4:
		return strings.ReplaceAll(bare, "0", "O") // the letter
	case 5:
		return strings.NewReplacer("K", "К", "T", "Т", "X", "Х", "A", "А").Replace(plate) // Cyrillic
	case 6:
		return strings.Map(func(r rune) rune { // of full width
			if r > ' ' {
				return r + 0xfee0
			}
			return r
		}, bare)
	}
	return plate
}

func spelledAll(plates []string) []string {
	var all []string
	for i, p := range plates {
		all = append(all, spelled(p, i))
	}
	return all
}

// decoy is a plate that was not lost.
func (b *leakBuilder) decoy() string {
	return fmt.Sprintf("%c%c%c %04d", "GLNS"[b.rand.IntN(4)], "ABCDEHMPRW"[b.rand.IntN(10)], "ABCDEHMPRW"[b.rand.IntN(10)], b.rand.IntN(10_000))
}

// csv is a table of reads: so many lines, and n plates that were lost in them.
func (b *leakBuilder) csv(lines, n int) (table []byte, lost []string) {
	lost = b.selectors(n)
	rows := make([]string, lines)
	for i := range rows {
		plate := spelled(b.decoy(), b.rand.IntN(3))
		if i < n {
			plate = spelled(lost[i], i)
		}
		rows[i] = fmt.Sprintf("%d,2019-03-%02d %02d:%02d:%02d,L%02d,%s,%.2f", 40_000+i, 1+b.rand.IntN(28), b.rand.IntN(24), b.rand.IntN(60), b.rand.IntN(60), 1+b.rand.IntN(4), plate, b.rand.Float64())
	}
	b.rand.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
	return []byte("id,time,lane,plate,sure\n" + strings.Join(rows, "\n") + "\n"), lost
}

// texts puts up what is text, and no document.
func (b *leakBuilder) texts() {
	table, lost := b.csv(2000, 90)
	clean, _ := b.csv(500, 0)
	paste, pasted := b.paste(3000, 40)
	written := b.selectors(3)
	for _, t := range []thing{
		{File: File{"reads.csv", table}, hidden: []Hidden{{Kind: HiddenSelector, Selectors: lost}}},
		{File: File{"parking.csv", clean}}, // of nobody's interest
		{File: File{"paste.txt", paste}, hidden: []Hidden{{Kind: HiddenSelector, Selectors: pasted}}},
		b.encoded("blob.txt"),
	} {
		b.serve("texts", "texts", t)
	}
	b.web.page("/thread", "thread", "", "<p>who knows <b>"+written[0]+"</b>?</p><p>or "+spelled(written[1], 2)+", or "+spelled(written[2], 1)+"</p>")
	b.links["texts"] = append(b.links["texts"], `<li><a href="/thread">a thread</a></li>`)
	b.record("/thread", "/texts", []Hidden{{Kind: HiddenSelector, Selectors: written}})
}

// paste is lines of words with plates between them.
func (b *leakBuilder) paste(lines, n int) (text []byte, lost []string) {
	lost = b.selectors(n)
	words := strings.Fields("gate open shift note camera lamp rain truck white blue stopped again slow lane booth barrier night early")
	rows := make([]string, lines)
	for i := range rows {
		var row []string
		for range 8 {
			row = append(row, words[b.rand.IntN(len(words))])
		}
		if i%9 == 0 {
			row[3] = b.decoy()
		}
		if i < n {
			row[b.rand.IntN(len(row))] = "(" + spelled(lost[i], i) + ")"
		}
		rows[i] = strings.Join(row, " ")
	}
	b.rand.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
	return []byte(strings.Join(rows, "\n") + "\n"), lost
}

// encoded is a text with a picture in base64, in lines as mailers break them.
func (b *leakBuilder) encoded(name string) thing {
	p := b.copied(1)[0]
	text := "part 1 of 1\n\n"
	for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(p.Body)), 76) {
		text += string(line) + "\n"
	}
	h := p.hidden[0]
	h.Member = "*"
	return thing{File: File{name, []byte(text + "\nend\n")}, hidden: []Hidden{h}}
}

// described puts a description into the EXIF block of a JPEG that has none.
func described(file []byte, text string) []byte {
	value := append([]byte(text), 0)
	block := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x0e\x00\x02")
	block = append(block, 0, 0, byte(len(value)>>8), byte(len(value)), 0, 0, 0, 26, 0, 0, 0, 0)
	block = append(block, value...)
	head := []byte{0xff, 0xd8, 0xff, 0xe1, byte((len(block) + 2) >> 8), byte(len(block) + 2)}
	return slices.Concat(head, block, file[2:])
}
