package container_test

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/container"
	"leakwatch/internal/demo"
)

// testdata/pdf are of LibreOffice 7.4, packed and encrypted by qpdf 11.3, and of
// img2pdf 0.4.4: a photograph and a drawing each.
func TestPDFOfTheField(t *testing.T) {
	for _, c := range []struct{ file, members, cause, text string }{
		{"libreoffice.pdf", "picture-1.jpg picture-2.jpg text.txt", "", "Seen plate AB-123 and Kennzeichen ÄB 456."},
		{"rc4.pdf", "picture-1.jpg picture-2.jpg text.txt", "", "Seen plate AB-123 and Kennzeichen ÄB 456."},
		{"aes128.pdf", "picture-1.jpg picture-2.jpg text.txt", "", "Seen plate AB-123 and Kennzeichen ÄB 456."},
		{"aes256.pdf", "picture-1.jpg picture-2.jpg text.txt", "", "Seen plate AB-123 and Kennzeichen ÄB 456."},
		{"img2pdf.pdf", "picture-1.jpg picture-2.png text.txt", "", ""},
		{"locked.pdf", "", "encrypted", ""},
	} {
		body, err := os.ReadFile(filepath.Join("testdata", "pdf", c.file))
		if err != nil {
			t.Fatal(err)
		}
		all, report := stream(t, body, "x", container.Options{})
		var names []string
		for _, m := range all {
			names = append(names, m.Name)
			if m.Name == "text.txt" {
				if !strings.Contains(m.body, c.text) {
					t.Errorf("%s: got text %q, want %q in it", c.file, m.body, c.text)
				}
				continue
			}
			if img, _, err := image.Decode(strings.NewReader(m.body)); err != nil || img.Bounds().Dx() != 64 {
				t.Errorf("%s: %s does not decode: %v", c.file, m.Name, err)
			}
		}
		if got := strings.Join(names, " "); got != c.members || report.Cause != c.cause || report.Format != "pdf" {
			t.Errorf("%s: got %q and %+v, want %q, cause %q", c.file, got, report, c.members, c.cause)
		}
	}
}

// pdfOf writes a document of objects, without a table.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	return b.Bytes()
}

func pdfStream(keys, body string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", keys, len(body), body)
}

func zlibOf(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

// TestPDFPixels holds what comes out of each way to keep samples against the
// pixels that went in: two rows of three.
func TestPDFPixels(t *testing.T) {
	grey := "\x00\x80\xff\x10\x20\x30"
	rgb := "\xff\x00\x00\x00\xff\x00\x00\x00\xff\x00\x00\x00\xff\xff\xff\x10\x20\x30"
	greys := []color.Color{color.Gray{0}, color.Gray{0x80}, color.Gray{0xff}, color.Gray{0x10}, color.Gray{0x20}, color.Gray{0x30}}
	colors := []color.Color{color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}, color.RGBA{16, 32, 48, 255}}
	dark := []color.Color{color.Gray{0}, color.Gray{255}, color.Gray{0}, color.Gray{255}, color.Gray{255}, color.Gray{0}}
	var a85 bytes.Buffer
	w := ascii85.NewEncoder(&a85)
	_, _ = w.Write([]byte(zlibOf(rgb)))
	_ = w.Close()
	for _, c := range []struct {
		name, keys, body string
		want             []color.Color
	}{
		{"grey", "/ColorSpace/DeviceGray/BitsPerComponent 8", grey, greys},
		{"deflated", "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", zlibOf(rgb), colors},
		{"rows of PNG", "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter[/FlateDecode]/DecodeParms[<</Predictor 15/Colors 3/Columns 3>>]",
			zlibOf("\x01\xff\x00\x00\x01\xff\x00\x00\x01\xff" + "\x02\x01\x00\x00\xff\x00\xff\x10\x20\x31"), []color.Color{
				color.RGBA{255, 0, 0, 255}, color.RGBA{0, 255, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}, color.RGBA{16, 32, 48, 255}}},
		{"rows of TIFF", "/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode/DecodeParms<</Predictor 2/Colors 1/Columns 3>>", zlibOf("\x00\x80\x7f\x10\x10\x10"), greys},
		{"base 85", "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter[/ASCII85Decode/FlateDecode]", a85.String() + "~>", colors},
		{"hex", "/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/ASCIIHexDecode", hex.EncodeToString([]byte(rgb)) + ">", colors},
		{"runs", "/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/RunLengthDecode", "\x05" + grey + "\x80", greys},
		{"profile", "/ColorSpace[/ICCBased 2 0 R]/BitsPerComponent 8", rgb, colors},
		{"table", "/ColorSpace[/Indexed/DeviceRGB 5<" + hex.EncodeToString([]byte(rgb)) + ">]/BitsPerComponent 4", "\x01\x20\x34\x50", colors},
		{"table in a stream", "/ColorSpace[/Indexed/DeviceRGB 5 3 0 R]/BitsPerComponent 8", "\x00\x01\x02\x03\x04\x05", colors},
		{"one bit", "/ColorSpace/DeviceGray/BitsPerComponent 1", "\x40\xc0", dark},
		{"one bit turned round", "/ColorSpace/DeviceGray/BitsPerComponent 1/Decode[1 0]", "\xa0\x20", dark},
		{"16 bits", "/ColorSpace/DeviceGray/BitsPerComponent 16", "\x00\x01\x80\x02\xff\x03\x10\x04\x20\x05\x30\x06", greys},
		{"inks", "/ColorSpace/DeviceCMYK/BitsPerComponent 8", "\x00\xff\xff\x00\xff\x00\xff\x00\xff\xff\x00\x00\x00\x00\x00\xff\x00\x00\x00\x00\xef\xdf\xcf\x00", colors},
		{"one ink", "/ColorSpace[/Separation/Black/DeviceGray 9 0 R]/BitsPerComponent 8", "\xff\x7f\x00\xef\xdf\xcf", greys},
		{"length elsewhere", "/ColorSpace/DeviceGray/BitsPerComponent 8/Length 4 0 R", grey, greys},
	} {
		picture := pdfStream("/Type/XObject/Subtype/Image/Width 3/Height 2"+c.keys, c.body)
		if strings.Contains(c.keys, "/Length") {
			picture = strings.Replace(picture, fmt.Sprintf("/Length %d>>", len(c.body)), ">>", 1)
		}
		body := pdfOf(picture, pdfStream("/N 3", "profile"), pdfStream("", rgb), fmt.Sprint(len(grey)))
		all, report := walk(t, body, "x", container.Options{})
		if len(all) != 1 || all[0].Cause != "" || all[0].err != nil {
			t.Errorf("%s: got %s and %+v, want one picture", c.name, lines(all), report)
			continue
		}
		img, err := png.Decode(strings.NewReader(all[0].body))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, want := range c.want {
			r, g, b, _ := img.At(i%3, i/3).RGBA()
			x, y, z, _ := want.RGBA()
			if r != x || g != y || b != z {
				t.Errorf("%s: pixel %d is %v, want %v", c.name, i, img.At(i%3, i/3), want)
			}
		}
	}
}

// LZW of PDF is that of TIFF; Go writes that of GIF, whose codes grow one later
// and whose bits run the other way: with EarlyChange 0 only the bits differ.
func TestPDFLZW(t *testing.T) {
	var b bytes.Buffer
	w := lzw.NewWriter(&b, lzw.MSB, 8)
	samples := make([]byte, 100*100)
	for i := range samples {
		samples[i] = byte(i * i / 77)
	}
	_, _ = w.Write(samples)
	_ = w.Close()
	body := pdfOf(pdfStream("/Subtype/Image/Width 100/Height 100/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/LZWDecode/DecodeParms<</EarlyChange 0>>", b.String()))
	all, _ := walk(t, body, "x", container.Options{})
	img, err := png.Decode(strings.NewReader(all[0].body))
	if err != nil {
		t.Fatal(err)
	}
	if got := img.(*image.Gray).Pix; !bytes.Equal(got, samples) {
		t.Error("the samples are not those that were packed")
	}
}

func TestPDFInEveryShape(t *testing.T) {
	photos := demo.Set(2, 7)
	for _, compact := range []bool{false, true} {
		body := demo.PDF(compact, []string{"Plate AB-123 (seen)", "second line"},
			demo.PDFPicture{JPEG: photos[0].JPEG, Filter: demo.PDFJPEG}, demo.PDFPicture{JPEG: photos[1].JPEG, Filter: demo.PDFFlate},
			demo.PDFPicture{JPEG: photos[1].JPEG, Filter: demo.PDFJPX}, demo.PDFPicture{JPEG: photos[1].JPEG, Filter: demo.PDFCCITT})
		all, report := walk(t, body, "x.pdf", container.Options{})
		got := ""
		for _, m := range all {
			got += m.Name + ":" + m.Cause + " "
		}
		if want := "picture-1.jpg: picture-2.png: picture-3.jpx:unsupported picture-4.ccittfax:unsupported text.txt: "; got != want || report.Cause != "" {
			t.Errorf("compact %v: got %q %+v, want %q", compact, got, report, want)
			continue
		}
		if all[0].body != string(photos[0].JPEG) {
			t.Error("the JPEG is not the one that was put in")
		}
		if text := all[4].body; !strings.Contains(text, "Plate AB-123 (seen)\nsecond line") {
			t.Errorf("got text %q", text)
		}
	}
}

func TestPDFThatLies(t *testing.T) {
	huge := strings.Repeat("\x00", 4<<20)
	bomb := zlibOf(zlibOf(zlibOf(strings.Repeat(huge, 6))))
	image := func(keys, body string) string { return pdfStream("/Subtype/Image"+keys, body) }
	for _, c := range []struct{ name, body, cause string }{
		{"a length beyond the end", strings.Replace(string(pdfOf(image("/Width 3/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8", "abcdef"))), "/Length 6", "/Length 999999", 1), ""},
		{"samples that end", string(pdfOf(image("/Width 300/Height 200/ColorSpace/DeviceGray/BitsPerComponent 8", "abcdef"))), "/partial"},
		{"too many pixels", string(pdfOf(image("/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 8", "abcdef"))), "limit_pixels"},
		{"too long a side", string(pdfOf(image("/Width 1/Height 600000000/ColorSpace/DeviceGray/BitsPerComponent 8", "abcdef"))), "limit_side"},
		{"no pixels", string(pdfOf(image("/Width 0/Height -5", "abcdef"))), "damaged"},
		{"filters without end", string(pdfOf(image("/Width 1/Height 1/Filter["+strings.Repeat("/FlateDecode", 100)+"]", "abcdef"))), "limit_nesting"},
		{"a filter that is none", string(pdfOf(image("/Width 1/Height 1/Filter/Nonsense", "abcdef"))), "unsupported"},
		{"a colour space in itself", string(pdfOf(image("/Width 1/Height 1/ColorSpace 2 0 R", "abcdef"), "[/Indexed 2 0 R 5 3 0 R]")), ""},
		{"a reference to itself", string(pdfOf(image("/Width 1/Height 1/ColorSpace 2 0 R", "abcdef"), "2 0 R")), ""},
		{"a bomb", string(pdfOf(image("/Width 4000/Height 6000/ColorSpace/DeviceGray/BitsPerComponent 8/Filter[/FlateDecode/FlateDecode/FlateDecode]", bomb))), ""},
	} {
		start := time.Now()
		all, report := walk(t, []byte(c.body), "x", container.Options{})
		got := ""
		for _, m := range all {
			got += m.Cause
			if cause, _ := container.CauseOf(m.err); cause != "" {
				got += "/" + cause
			}
		}
		if got != c.cause || len(all) != 1 {
			t.Errorf("%s: got %d members, cause %q, report %+v, want one with %q", c.name, len(all), got, report, c.cause)
		}
		if took := time.Since(start); took > 20*time.Second && !raceDetector {
			t.Errorf("%s: took %s", c.name, took)
		}
	}
	for name, body := range map[string]string{
		"objects in objects":  "%PDF-1.7\n" + strings.Repeat("1 0 obj(", 200_000),
		"trailers":            "%PDF-1.7\n" + strings.Repeat("trailer(", 200_000),
		"lists in lists":      "%PDF-1.7\n" + strings.Repeat("1 0 obj[", 200_000),
		"pages in themselves": string(pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 1 0 R 2 0 R]>>")),
		"forms in themselves": string(pdfOf("<</Type/Page/Contents 2 0 R/Resources 3 0 R>>", pdfStream("/Subtype/Form", strings.Repeat("/a Do ", 60)), "<</XObject<</a 2 0 R>>>>")),
	} {
		start := time.Now()
		walk(t, []byte(body), "x", container.Options{})
		if took := time.Since(start); took > 20*time.Second && !raceDetector {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

func TestWhatIsNoPDF(t *testing.T) {
	for body, want := range map[string]string{
		"a file begins with %PDF-1.4, they say": "", "<p>\n%PDF-1.4</p>": "", "%PDF-": "", "%PDF-1.4\n": "pdf", "\x00\x01%PDF-1.4\n": "pdf", "HTTP junk\n%PDF-1.7\n": "pdf",
	} {
		if got := container.Sniff([]byte(body), "x"); got != want {
			t.Errorf("%q: got %q, want %q", body, got, want)
		}
	}
	if _, report := walk(t, []byte("%PDF-1.4\nnothing"), "x", container.Options{}); report.Cause != "damaged" {
		t.Errorf("got %+v, want damaged", report)
	}
}

func FuzzPDF(f *testing.F) {
	files, _ := filepath.Glob("testdata/pdf/*")
	for _, name := range files {
		body, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add(pdfOf(pdfStream("/Subtype/Image/Width 3/Height 2/ColorSpace[/Indexed/DeviceRGB 5<00>]/BitsPerComponent 4/Filter/LZWDecode", "\x80\x0b\x60\x50")))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, report := walk(t, append([]byte("%PDF-1.7\n"), body...), "x", container.Options{Limits: container.Limits{Memory: 32 << 20, Total: 64 << 20}})
		if report.Format != "pdf" {
			t.Errorf("got format %q", report.Format)
		}
		for _, m := range all {
			if m.Name == "" || m.Cause != "" && m.body != "" {
				t.Errorf("member %q with cause %q has %d bytes", m.Name, m.Cause, len(m.body))
			}
		}
	})
}
