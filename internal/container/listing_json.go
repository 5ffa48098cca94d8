package container

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// listingJSON reads objects that name a file and its size, wherever they stand:
// the indexes of nginx and Caddy, tree -J, rclone, the fingerprints that
// leakwatch hash prints. Objects one a line are a listing too. An array of
// names alone is none.
func listingJSON(body []byte) []Line {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	r := jsonLines{dec: dec}
	for !r.out.full() {
		t, err := dec.Token()
		if err != nil {
			break
		}
		if d, ok := t.(json.Delim); ok && (d == '{' || d == '[') {
			if !r.value(d, "", 0) {
				break
			}
		}
	}
	if r.sized == 0 {
		return nil
	}
	return r.out.all
}

type jsonLines struct {
	dec   *json.Decoder
	out   lineList
	sized int
}

const maxDepthJSON = 64

// value reads on behind an opened object or array; folder is the path of the
// object that it lies in. False ends the reading.
func (r *jsonLines) value(open json.Delim, folder string, depth int) bool {
	if depth > maxDepthJSON || r.out.full() {
		return false
	}
	l, dir, key, at := Line{Size: -1}, false, "", len(r.out.all)
	for inObject := open == '{'; ; {
		t, err := r.dec.Token()
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{', '[':
				inner := folder
				if key == "contents" && l.Name != "" { // of tree -J
					inner, dir = cut(folder+l.Name, maxName)+"/", true
				}
				if !r.value(t, inner, depth+1) {
					return false
				}
				key = ""
			default:
				r.end(l, dir, folder, at)
				return true
			}
		case string:
			if inObject && key == "" {
				key = t
				continue
			}
			if field(&l, key, t) {
				dir = true
			}
			key = ""
		default:
			if field(&l, key, t) {
				dir = true
			}
			key = ""
		}
	}
}

// end adds the object that was read, if it states a file, before those that
// lie inside of it would be told twice.
func (r *jsonLines) end(l Line, dir bool, folder string, at int) {
	if l.Name == "" || dir || strings.HasSuffix(l.Name, "/") || at != len(r.out.all) {
		return
	}
	if l.Size >= 0 {
		r.sized++
	}
	l.Name = cleanLine(folder + l.Name)
	r.out.add(l)
}

// field takes one key of an object; true says that the object is a folder.
func field(l *Line, key string, value any) bool {
	text, _ := value.(string)
	number, _ := value.(json.Number)
	switch strings.ToLower(key) {
	case "path", "filename", "file":
		if text != "" {
			l.Name = text
		}
	case "name":
		if l.Name == "" {
			l.Name = text
		}
	case "size", "length", "bytes":
		if n, err := strconv.ParseInt(string(number)+text, 10, 64); err == nil && n >= 0 {
			l.Size = n
		}
	case "crc32", "crc":
		l.setCRC(text)
	case "sha1":
		l.setDigest(text)
	case "sha256":
		l.setDigest(text)
	case "type":
		return text == "directory" || text == "dir" || text == "folder"
	case "is_dir", "isdir", "isdirectory", "folder":
		is, _ := value.(bool)
		return is
	}
	return false
}

func (l *Line) setCRC(text string) bool {
	n, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) != 8 {
		return false
	}
	sum := uint32(n)
	l.CRC32 = &sum
	return true
}

// setDigest takes a digest by its length; one of another kind is passed over.
func (l *Line) setDigest(text string) {
	switch sum, err := hex.DecodeString(text); {
	case err != nil:
	case len(sum) == 20:
		l.SHA1 = sum
	case len(sum) == 32:
		l.SHA256 = sum
	}
}

// listingXML reads the index of nginx in XML, and the list of an S3 bucket.
func listingXML(body []byte) []Line {
	if head := body[:min(len(body), 1024)]; !bytes.Contains(head, []byte("<list")) && !bytes.Contains(head, []byte("<ListBucketResult")) {
		return nil
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.Strict = false
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var out []Line
	var l Line
	var text strings.Builder
	for len(out) < MaxLines {
		t, err := dec.RawToken()
		if err != nil {
			return out
		}
		switch t := t.(type) {
		case xml.StartElement:
			text.Reset()
			if name := t.Name.Local; name == "file" || name == "Contents" {
				l = Line{Size: -1}
				for _, a := range t.Attr {
					field(&l, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			if text.Len()+len(t) <= maxName {
				text.Write(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "Key":
				l.Name = text.String()
			case "Size":
				field(&l, "size", text.String())
			case "file":
				l.Name = text.String()
				fallthrough
			case "Contents":
				if l.Name = cleanLine(l.Name); l.Name != "" && !strings.HasSuffix(l.Name, "/") {
					out = append(out, l)
				}
				l = Line{Size: -1}
			}
			text.Reset()
		}
	}
	return out
}
