package match

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	pdqHex = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
	shaHex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// told writes rows and errors a line each.
func told(text string) string {
	var b strings.Builder
	for e, err := range ReadRows(strings.NewReader(text), "f", Auto) {
		if err != nil {
			fmt.Fprintln(&b, err)
			continue
		}
		fmt.Fprintf(&b, "%d %q", e.Line, e.Ref)
		if e.SHA256 != "" {
			fmt.Fprintf(&b, " sha256:%.8s", e.SHA256)
		}
		if e.SHA1 != "" || e.CRC32 != "" {
			fmt.Fprintf(&b, " sha1:%.8s crc32:%s", e.SHA1, e.CRC32)
		}
		if e.PDQ != nil {
			fmt.Fprintf(&b, " pdq:%.8s/%d", e.PDQ, e.Quality)
		}
		if e.PHash != nil {
			fmt.Fprintf(&b, " phash:%s", e.PHash)
		}
		if e.Path != "" || e.Size > 0 {
			fmt.Fprintf(&b, " %q %d", e.Path, e.Size)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestReadRows(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"only blank lines", "\n \r\n", ""},
		{"hash --json", `{"path":"a.zip","member":"b.jpg","ref":"9f86d081884c7d65","sha256":"` + shaHex + `","sha1":null,"crc32":null,"size":12,"format":"jpeg","width":640,"height":480,"frames":1,"pdq":"` + pdqHex + `","pdq_quality":100,"phash":"1234567890123e45","cause":null,"windows":null,"keypoints":null,"thumbprint":""}` + "\n",
			"1 \"9f86d081884c7d65\" sha256:9f86d081 pdq:f8f8f0ce/100 phash:1234567890123e45 \"a.zip!b.jpg\" 12\n"},
		{"json rows that are not pictures", "{\"sha256\":\"" + shaHex + "\",\"cause\":\"damaged\"}\n\n{\"path\":\"x\",\"cause\":\"encrypted\"}\n{\"path\":\"x\",\"size\":0}\n{\"path\":\"x\"}\n{}\n",
			"1 \"9f86d081884c7d65\" sha256:9f86d081\nf:3: no sha256 and no hash: cause encrypted\n4 \"path:46cc40ec986176ec\" \"x\" 0\n" +
				"f:5: no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size\nf:6: no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size\n"},
		{"broken json", "{\"size\":\"x\"}\n{\"sha256\":\n[1]\n{\"sha256\":\"" + shaHex + "\"} x\n{\"pdq\":\"" + pdqHex + "\",\"pdq_quality\":101}\n{\"pdq\":\"" + pdqHex + "\",\"pdq_quality\":-1}\n",
			"f:1: size cannot be a JSON string\nf:2: not a JSON object on one line: unexpected end of JSON input\nf:3: a line is one JSON object, not a JSON array\n" +
				"f:4: not a JSON object on one line: invalid character 'x' after top-level value\nf:5: quality is 0 to 100, not 101\nf:6: pdq_quality is 0 to 100\n"},
		{"json array", "[{}]", "f:1: a JSON array: one object a line is needed, as `hash --json` prints\n"},
		{"bare pdq list", "# made elsewhere\n" + pdqHex + "\r\n\n" + strings.ToUpper(pdqHex) + "\nxyz\n" + pdqHex[:63],
			"2 \"pdq:f8f8f0cee0f4a84f\" pdq:f8f8f0ce/-1\n4 \"pdq:f8f8f0cee0f4a84f\" pdq:f8f8f0ce/-1\nf:5: pdq is not hex\nf:6: pdq has 63 hex digits, not 64\n"},
		{"pdq list with quality and name", pdqHex + ",100,AB 123 CD, at gate.jpg\n" + pdqHex + ",x,n\n" + pdqHex + ",101,n\n,5,x\n",
			"1 \"pdq:f8f8f0cee0f4a84f\" pdq:f8f8f0ce/100\nf:2: quality is 0 to 100, not \"x\"\nf:3: quality is 0 to 100, not \"101\"\nf:4: a line is 64 hex digits, or hash,quality,name\n"},
		{"hash column", "hash;quality;name;\n" + pdqHex + ";70;a;\n1234567890123e45;;b;\nabc;;;\n",
			"f:1: column \"name\" is not read\n2 \"pdq:f8f8f0cee0f4a84f\" pdq:f8f8f0ce/70\n3 \"phash:1234567890123e45\" phash:1234567890123e45\n" +
				"f:4: hash has 3 digits: a pdq has 64, a phash 16; name the column after its kind\n"},
		{"all columns", "REF,SHA256,sha1,crc32,path,size,pdq,quality,phash\nr," + strings.ToUpper(shaHex) + "," + shaHex[:40] + ",DEADBEEF,\"a\nb\",5," + pdqHex + ",,\nx,,,,,,,,\n",
			"2 \"r\" sha256:9f86d081 sha1:9f86d081 crc32:deadbeef pdq:f8f8f0ce/-1 \"a\\nb\" 5\nf:4: no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size\n"},
		{"manifest", "path,size\na.jpg,10\nb.jpg,\n,10\nc.jpg,-1\n", "2 \"path:3d937b8661681ded\" \"a.jpg\" 10\n" +
			"f:3: no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size\nf:4: no key: a row needs one of sha256, sha1, crc32, pdq, phash, or path and size\nf:5: size is a number of bytes, not \"-1\"\n"},
		{"quotes", "ref,sha1\n\"a\"\"b\"," + shaHex[:40] + "\na\"b,x\n\"a\"b,x\n\"a,x\n",
			"2 \"a\\\"b\" sha1:9f86d081 crc32:\nf:3: a quote stands inside a field that does not begin with one\nf:4: text stands behind a closing quote\nf:5: a quoted field is not closed\n"},
		{"fields", "ref,crc32\na\na,deadbeef,x\na,deadbeef,,\n", "f:2: 1 fields, the header has 2\nf:3: 3 fields, the header has 2\n4 \"a\" sha1: crc32:deadbeef\n"},
		{"numbers", "ref,sha256,crc32\na,\"1,2E+15\",\nb,,1234567\n", "f:2: sha256 is \"1,2E+15\": a spreadsheet turned this hash into a number; export the column as text\n" +
			"f:3: crc32 has 7 hex digits, not 8; a spreadsheet drops leading zeros\n"},
		{"refs", "ref,crc32\n\"a\tb\",deadbeef\n" + strings.Repeat("r", 201) + ",deadbeef\n\xff,deadbeef\n",
			"f:2: ref holds a control character: \"a\\tb\"\nf:3: ref has 201 bytes, at most 200 are taken\nf:4: ref is not UTF-8: save the list as UTF-8\n"},
		{"a long line", "ref,crc32\na," + strings.Repeat("x", maxLine) + "\nb,deadbeef\n", "f:2: the line is longer than 64 KiB\n3 \"b\" sha1: crc32:deadbeef\n"},
		{"a path that is none", `{"path":"a\u0000","crc32":"deadbeef"}`, "f:1: path holds a NUL byte: no file is named so, and an export with it would not be text\n"},
		{"a column twice", "ref,crc32,ref\na,b,c\n", "f:1: column ref stands twice\n"},
		{"no header", "a.jpg,10\n", "f:1: neither `hash --json` lines, nor a PDQ list, nor CSV with a header of any of " + columnNames + "\n"},
		{"refs alone", "ref,size\n", "f:1: neither `hash --json` lines, nor a PDQ list, nor CSV with a header of any of " + columnNames + "\n"},
		{"bare other hashes", "1234567890123e45\n", "f:1: a list of hashes of 16 digits: write a header with the column's name (" + columnNames + ")\n"},
		{"utf-16", "\xff\xfer\x00e\x00f\x00", "f:1: the list is UTF-16: save it as UTF-8\n"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", "f:1: this is no text\n"},
	} {
		if got := told(tt.text); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, got, tt.want)
		}
	}
}

// A reader that fails is an error of its own, not a bad row.
func TestReadRowsFails(t *testing.T) {
	cut := errors.New("cut")
	var last error
	n := 0
	for _, err := range ReadRows(&failing{text: "crc32\n" + strings.Repeat("deadbeef\n", 10), err: cut}, "f", CSV) {
		last, n = err, n+1
	}
	var row *RowError
	if !errors.Is(last, cut) || errors.As(last, &row) || n != 11 {
		t.Errorf("got %v after %d rows, want the reader's error after 10", last, n-1)
	}
	for range ReadRows(strings.NewReader("crc32\nx\ny\n"), "f", Auto) {
		break // a consumer may stop at any time
	}
}

type failing struct {
	text string
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(p, f.text[:1])
	f.text = f.text[n:]
	return n, nil
}

// A JSON export has all keys of `hash --json`, null where unknown.
func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, ReadRows(strings.NewReader("ref,crc32\n<r>,deadbeef\n"), "f", Auto)); err != nil {
		t.Fatal(err)
	}
	want := `{"path":null,"member":null,"ref":"<r>","sha256":null,"sha1":null,"crc32":"deadbeef","size":null,"format":null,"width":null,"height":null,"frames":null,"pdq":null,"pdq_quality":null,"phash":null,"cause":null}` + "\n"
	if b.String() != want {
		t.Errorf("got %swant %s", b.String(), want)
	}
}

func TestSetJSON(t *testing.T) {
	s := openSets(t, DefaultOptions())
	if _, err := loadText(s, "set", "f", "sha256\n"+shaHex+"\n"); err != nil {
		t.Fatal(err)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	show, err := s.Show("set")
	if err != nil {
		t.Fatal(err)
	}
	listKeys := []string{"name", "version", "state", "entries", "refs", "detail", "exact_only", "duplicates", "look_alikes", "disabled", "quarantined", "selectors", "manifest_entries", "loaded_at", "loaded_by", "source_sha256"}
	showKeys := append(slices.Clone(listKeys), "thresholds", "calibrated_at", "rows", "memory_bytes", "cameras", "without_background", "not_distinctive", "negatives", "kept_versions", "by_manifest", "selectors_keyed")
	for _, tt := range []struct {
		set  Set
		want []string
	}{{list[0], listKeys}, {show, showKeys}} {
		text, err := json.Marshal(tt.set)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, k := range tt.want {
			if _, ok := got[k]; !ok {
				t.Errorf("key %s is missing in %s", k, text)
			}
		}
		if len(got) != len(tt.want) || got["detail"] != "hashes" || got["state"] != "active" || got["look_alikes"] != 0.0 || got["source_sha256"] != nil {
			t.Errorf("got %s", text)
		}
	}
}

// FuzzReadRows: no panic; errors name lines of the input; rows are settled and
// come back the same from both exports.
func FuzzReadRows(f *testing.F) {
	for _, seed := range []string{
		"", "ref,phash\r\n\"=1+1\",6b86b273ff34fce1\r\n", "\uFEFFref;phash;\n\"a,b\";6b86b273ff34fce1;\n",
		pdqHex + ",100,name\n" + pdqHex + "\n", `{"path":"a","size":0}` + "\n" + `{"sha256":"` + shaHex + `","ref":"\u0000"}`,
		"path,size\n\"a\n\nb\",1\n", "hash\tquality\n" + pdqHex + "\t7\n", "sep=;\nref;crc32\n\";\";DEADBEEF\n", "crc32\n\"\n\n\n", "[", "\xff\xfe",
		"path;crc32\n" + strings.Repeat("x", 4096) + "\x00,;0a19a065\n",
	} {
		f.Add([]byte(seed), uint8(0))
	}
	formats := []Format{Auto, JSONL, CSV, PDQList}
	f.Fuzz(func(t *testing.T, text []byte, format uint8) {
		lines := bytes.Count(text, []byte("\n")) + 1
		var good []Entry
		for e, err := range ReadRows(bytes.NewReader(text), "f", formats[int(format)%len(formats)]) {
			if err != nil {
				var row *RowError
				if !errors.As(err, &row) || row.Line < 1 || row.Line > lines || row.Reason == "" {
					t.Fatalf("%d lines: got %v", lines, err)
				}
				continue
			}
			if e.Line < 1 || e.Line > lines || e.Ref == "" {
				t.Fatalf("%d lines: got entry %+v", lines, e)
			}
			again := e
			if reason := again.settle(); reason != "" || told1(again) != told1(e) {
				t.Fatalf("entry %+v is not settled: %s", e, reason)
			}
			r, ok := parseRow(appendRow(nil, &e, 0, 0))
			if !ok || told1(r.entry()) != told1(e) {
				t.Fatalf("entry %s is stored as %s", told1(e), told1(r.entry()))
			}
			good = append(good, e)
		}
		var asCSV, asJSON bytes.Buffer
		if err := errors.Join(writeCSV(&asCSV, entries(good)), WriteJSON(&asJSON, entries(good))); err != nil {
			t.Fatal(err)
		}
		for _, export := range []*bytes.Buffer{&asCSV, &asJSON} {
			text := export.String()
			i := 0
			for e, err := range ReadRows(export, "f", Auto) {
				if err != nil || i >= len(good) {
					t.Fatalf("row %d of the export: %v\n%s", i, err, text)
				}
				if got, want := told1(e), told1(good[i]); got != want && !strings.ContainsAny(good[i].Path, "\r\n") {
					t.Fatalf("row %d of the export: got %s, want %s\n%s", i, got, want, text)
				}
				i++
			}
			if i != len(good) {
				t.Fatalf("the export has %d rows, want %d", i, len(good))
			}
		}
	})
}

// told1 writes what is stored of an entry.
func told1(e Entry) string {
	p, h := "-", "-"
	if e.PDQ != nil {
		p = e.PDQ.String()
	}
	if e.PHash != nil {
		h = e.PHash.String()
	}
	return fmt.Sprintf("%q %s %s %s %q %d %s %d %s", e.Ref, e.SHA256, e.SHA1, e.CRC32, e.Path, e.Size, p, e.Quality, h)
}

// FuzzSplitFields holds the splitting of a row against encoding/csv.
func FuzzSplitFields(f *testing.F) {
	for _, seed := range []string{"a,b", `"a,b",c`, `"a""b"`, `a"b`, `"a"b`, `"a`, ",,", `"",`, " \"a\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, row string) {
		if strings.ContainsAny(row, "\r\n") || row == "" {
			return
		}
		r := csv.NewReader(strings.NewReader(row))
		want, err := r.Read()
		fields, open, reason := splitFields(row, ',')
		if (err != nil) != (open || reason != "") || err == nil && !slices.Equal(fields, want) {
			t.Fatalf("%q: got %q open %v %q, encoding/csv says %q %v", row, fields, open, reason, want, err)
		}
	})
}

// FuzzParseRow: whatever lies in the store, reading it does not panic.
func FuzzParseRow(f *testing.F) {
	f.Add(appendRow(nil, &Entry{Ref: "r", SHA256: shaHex, Path: "p", Size: 3, Quality: UnknownQuality}, 1, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, ok := parseRow(b); ok {
			r.entry()
		}
		if p, err := unpack(b); err == nil {
			for i := range p.len() {
				_, _ = p.row(i)
			}
		}
	})
}
