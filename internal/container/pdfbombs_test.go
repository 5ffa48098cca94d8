package container_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
)

// The words of a document cost no more than any bomb may, however they unpack:
// five seconds and 64 MiB beside the document.
func TestPDFBombsOfWords(t *testing.T) {
	page := func(resources string) string {
		return "<</Type/Page/Contents 1 0 R/Resources<<" + resources + ">>>>"
	}
	deflate := func(keys, body string) string { return pdfStream(keys+"/Filter/FlateDecode", zlibOf(body)) }
	table := "/CIDInit begincmap 1 beginbfrange <0000> <FFFE> <0041> endbfrange"
	wide := "1 beginbfchar <61> <" + strings.Repeat("5916", 60) + "> endbfchar"
	huge := "<</Type/Page/Contents 1 0 R/Resources<</X[" + strings.Repeat("[]", 500<<10) + "]>>>>"

	var fonts []string
	list, shown := "", ""
	for i := range 400 {
		fonts = append(fonts, "<</Type/Font/Subtype/Type0/ToUnicode 2 0 R>>")
		list += fmt.Sprintf("/F%d %d 0 R", i, 4+i)
		shown += fmt.Sprintf("/F%d 1 Tf ", i)
	}
	heads := ""
	for i := range 40 {
		heads += fmt.Sprintf("%d 0 ", 10+i)
	}
	for _, c := range []struct {
		name    string
		objects []string
		cause   string
	}{
		{"letters of many fonts", append([]string{deflate("", shown), deflate("", table), page("/Font<<" + list + ">>")}, fonts...), "limit_memory"},
		{"one range again and again", []string{deflate("", "/F 1 Tf"), deflate("", strings.Repeat("1 beginbfrange <0000> <FFFE> <0041> endbfrange ", 20_000)), page("/Font<</F 4 0 R>>"), "<</Type/Font/ToUnicode 2 0 R>>"}, "limit_memory"},
		{"a letter that stands for many", []string{deflate("", "/F 1 Tf ("+strings.Repeat("a", 8<<20)+") Tj"), deflate("", wide), page("/Font<</F 4 0 R>>"), "<</Type/Font/ToUnicode 2 0 R>>"}, "limit_bytes"},
		{"lists of lists", []string{deflate("", "["+strings.Repeat("[]", 3<<20)+"] TJ"), "null", page("")}, "limit_memory"},
		{"pages of one object", []string{"null", "null", "null", deflate(fmt.Sprintf("/Type/ObjStm/N 40/First %d", len(heads)), heads+huge)}, "limit_memory"},
	} {
		b := pdfOf(c.objects...)
		g, began := newGauge(), time.Now()
		_, report := g.walk(t, container.Source{Name: "x.pdf", At: bytes.NewReader(b), Size: int64(len(b))}, container.Options{})
		took := time.Since(began)
		if report.Cause != c.cause {
			t.Errorf("%s: report %+v, want %s", c.name, report, c.cause)
		}
		if (took > 5*time.Second || g.rose() > 64) && !raceDetector {
			t.Errorf("%s: %d bytes took %v and %.0f MiB", c.name, len(b), took, g.rose())
		}
		t.Logf("%s: %d bytes, %v, %.1f MiB", c.name, len(b), took.Round(time.Millisecond), g.rose())
	}
}

// What has words or shows a picture and is not read is told with the document.
func TestPDFTellsWhatItDoesNotRead(t *testing.T) {
	page := "<</Type/Page/Contents 1 0 R/Resources<</XObject<</f 3 0 R>>>>>>"
	inline := func(w, h int, more string) string {
		return pdfStream("", fmt.Sprintf("BI /W %d /H %d /CS/G /BPC 8%s ID xxxx EI", w, h, more))
	}
	for _, c := range []struct {
		name, contents, form, cause string
	}{
		{"a filter of pictures", pdfStream("/Filter/DCTDecode", "(AB 123) Tj"), "null", "unsupported"},
		{"a filter in a form", pdfStream("", "/f Do"), pdfStream("/Subtype/Form/Filter/Nonsense", "(AB 123) Tj"), "unsupported"},
		{"too long", pdfStream("/Filter/FlateDecode", zlibOf(strings.Repeat(" ", 33<<20)+"(AB 123) Tj")), "null", "limit_bytes"},
		{"a picture among the operators", inline(200, 150, ""), "null", "unsupported"},
		{"a sign among the operators", inline(16, 16, ""), "null", ""},
		{"a stencil among the operators", inline(200, 150, "/IM true"), "null", ""},
		{"nothing", pdfStream("", "(AB 123) Tj"), "null", ""},
	} {
		_, report := walk(t, pdfOf(c.contents, page, c.form), "x.pdf", container.Options{})
		if report.Cause != c.cause || report.Members != 1 {
			t.Errorf("%s: report %+v, want %q", c.name, report, c.cause)
		}
	}
}

// A picture in colours masks nothing, whoever says so: else one line would hide it.
func TestPDFMaskInColours(t *testing.T) {
	keys := "/Subtype/Image/Width 3/Height 2/BitsPerComponent 8"
	colours := pdfStream(keys+"/ColorSpace/DeviceRGB", strings.Repeat("rgb", 6))
	grey := pdfStream(keys+"/ColorSpace/DeviceGray", "abcdef")
	all, _ := walk(t, pdfOf(pdfStream(keys+"/ColorSpace/DeviceGray/SMask 2 0 R/Mask 3 0 R", "abcdef"), colours, grey), "x.pdf", container.Options{})
	if got := len(all); got != 2 {
		t.Errorf("%d pictures, want the first and the one in colours:\n%s", got, lines(all))
	}
}
