package demo

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"slices"
	"strings"
)

// The filters by which PDF keeps pictures.
const (
	PDFJPEG  = "DCTDecode"      // the bytes of a JPEG
	PDFFlate = "FlateDecode"    // the pixels, as RGB
	PDFJPX   = "JPXDecode"      // claimed: the bytes are none
	PDFCCITT = "CCITTFaxDecode" // claimed: the bytes are none
)

// pdfObjects is the number of the first picture.
const pdfObjects = 8

// PDFPicture is a picture and how it is kept.
type PDFPicture struct {
	JPEG   []byte
	Filter string
}

// PDF writes a document of one page with lines of text and pictures. A compact
// one keeps its page tree in an object stream and its table in a stream, as
// PDF 1.5 may.
func PDF(compact bool, lines []string, pictures ...PDFPicture) []byte {
	var text, names strings.Builder
	text.WriteString("BT /F1 12 Tf 50 780 Td 14 TL\n")
	for _, l := range lines {
		fmt.Fprintf(&text, "(%s) Tj T*\n", strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(l))
	}
	text.WriteString("ET\n")
	for i := range pictures {
		fmt.Fprintf(&text, "q 200 0 0 150 50 %d cm /Im%d Do Q\n", 400-160*i, i)
		fmt.Fprintf(&names, "/Im%d %d 0 R", i, pdfObjects+i)
	}
	b := bytes.NewBufferString("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	at := make([]int, pdfObjects+len(pictures)) // by number; 0: not there
	object := func(n int, body string) {
		at[n] = b.Len()
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	tree := []string{ // objects 1 to 4
		"<</Type/Catalog/Pages 2 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>/XObject<<" + names.String() + ">>>>>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	}
	object(5, pdfStream("/Filter/FlateDecode", deflated([]byte(text.String()))))
	for i, p := range pictures {
		object(pdfObjects+i, pdfImage(p))
	}
	if compact {
		head := ""
		for i := range tree {
			head += fmt.Sprintf("%d %d ", i+1, len(strings.Join(tree[:i], "")))
		}
		object(6, pdfStream(fmt.Sprintf("/Type/ObjStm/N %d/First %d/Filter/FlateDecode", len(tree), len(head)), deflated([]byte(head+strings.Join(tree, "")))))
		at[7] = b.Len()
		object(7, pdfTable(at, len(tree)))
		fmt.Fprintf(b, "startxref\n%d\n%%%%EOF\n", at[7])
		return b.Bytes()
	}
	for i, body := range tree {
		object(i+1, body)
	}
	table := b.Len()
	fmt.Fprintf(b, "xref\n0 %d\n0000000000 65535 f \n", len(at))
	for _, offset := range at[1:] {
		if offset == 0 {
			b.WriteString("0000000000 00000 f \n")
		} else {
			fmt.Fprintf(b, "%010d 00000 n \n", offset)
		}
	}
	fmt.Fprintf(b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at), table)
	return b.Bytes()
}

// pdfTable is the table of all objects as a stream: the first ones stand in
// object 6.
func pdfTable(at []int, packed int) string {
	var rows []byte
	for n, offset := range at {
		switch {
		case n >= 1 && n <= packed:
			rows = append(rows, 2, 0, 0, 0, 6, byte(n-1))
		case offset == 0:
			rows = append(rows, 0, 0, 0, 0, 0, 0)
		default:
			rows = append(rows, 1, byte(offset>>24), byte(offset>>16), byte(offset>>8), byte(offset), 0)
		}
	}
	return pdfStream(fmt.Sprintf("/Type/XRef/Size %d/W[1 4 1]/Root 1 0 R/Filter/FlateDecode", len(at)), deflated(rows))
}

func pdfStream(keys string, body []byte) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", keys, len(body), body)
}

func pdfImage(p PDFPicture) string {
	img, _, err := image.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		panic(fmt.Sprintf("demo: no picture for a PDF: %v", err)) // all are ours
	}
	size, space, body := img.Bounds().Size(), "/DeviceRGB", p.JPEG
	if _, gray := img.(*image.Gray); gray {
		space = "/DeviceGray"
	}
	switch p.Filter {
	case PDFFlate:
		rgba := copyRGBA(img)
		rgb := make([]byte, 0, len(rgba.Pix)/4*3)
		for q := range slices.Chunk(rgba.Pix, 4) {
			rgb = append(rgb, q[:3]...)
		}
		space, body = "/DeviceRGB", deflated(rgb)
	case PDFJPX, PDFCCITT:
		body = noise(4000, uint64(len(p.JPEG)))
	}
	return pdfStream(fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent 8/Filter/%s", size.X, size.Y, space, p.Filter), body)
}

func deflated(plain []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(plain)
	w.Close()
	return b.Bytes()
}
