package inspect_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"path"
	"strings"
	"testing"

	"leakwatch/internal/alert"
	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
)

// knowing are sets that know names of files and words beside their pictures.
type knowing struct {
	inspect.Sets
	files, words []string
}

func (k *knowing) HasManifests() bool { return len(k.files) > 0 }
func (k *knowing) HasSelectors() bool { return len(k.words) > 0 }

func (k *knowing) Manifest(lines []container.Line) []match.ManifestHit {
	agree := 0
	for _, l := range lines {
		for _, f := range k.files {
			if path.Base(l.Name) == f {
				agree++
			}
		}
	}
	if agree < 2 {
		return nil
	}
	return []match.ManifestHit{{Set: "files", SetVersion: 1, Agree: agree, Of: len(lines), Count: len(k.files), Rule: "names"}}
}

func (k *knowing) Text(text []byte) []match.SelectorHit {
	h := match.SelectorHit{Set: "words", SetVersion: 2, Rule: "words"}
	for _, w := range k.words {
		if n := bytes.Count(text, []byte(w)); n > 0 {
			h.Count++
			h.Occurrences += n
			h.Samples = append(h.Samples, w[:1]+"•••")
		}
	}
	if h.Count == 0 {
		return nil
	}
	return []match.SelectorHit{h}
}

// knows lets the sets of a room know files and words.
func knows(files, words []string) func(*inspect.Options) {
	return func(o *inspect.Options) { o.Sets = &knowing{o.Sets, files, words} }
}

// file is one member of a container that a test makes.
type file struct {
	name string
	data []byte
}

func zipOf(t testing.TB, files ...file) []byte { return zipBy(t, zip.Store, files) }

func deflated(t testing.TB, files ...file) []byte { return zipBy(t, zip.Deflate, files) }

func zipBy(t testing.TB, method uint16, files []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		out, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err == nil {
			_, err = out.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		err := w.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.data)), Mode: 0o600, Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// boxAt is a container as the crawler hands it up.
func boxAt(name string, data []byte, archives string) crawler.Found {
	return crawler.Found{
		Site: "board", URL: "http://board/" + name, Page: "http://board/", SHA256: sha256.Sum256(data), At: at(), Kind: crawler.KindContainer,
		Container: &container.Source{Name: name, At: bytes.NewReader(data), Size: int64(len(data))}, Archives: archives, Slices: true,
	}
}

func (r *rig) inspects(f crawler.Found) crawler.Inspection {
	r.t.Helper()
	got, err := r.room.Inspect(r.t.Context(), f)
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// findings are those of the alert of a set, by their kind and member.
func (r *rig) findings(set string) map[string]alert.Finding {
	r.t.Helper()
	out := map[string]alert.Finding{}
	for _, d := range r.raised() {
		if d.Set != set {
			continue
		}
		for _, f := range d.Findings {
			key := f.Kind
			if f.Member != nil {
				key += " " + *f.Member
			}
			out[key] = f
		}
	}
	return out
}

// pictures of a data set, each under a name.
func named(names string, data func(i int) []byte) (out []file) {
	for i, name := range strings.Fields(names) {
		out = append(out, file{name, data(i)})
	}
	return out
}

// counting is a Walk that tells how many bodies were asked for.
func counting(bodies *int) inspect.Walk {
	return func(ctx context.Context, src container.Source, o container.Options, visit container.Visit) (container.Report, error) {
		return container.Walk(ctx, src, o, func(m container.Member, body io.Reader) error {
			if body != nil {
				*bodies++
			}
			return visit(m, body)
		})
	}
}

var errDisk = errors.New("disk gone")
