package container_test

import (
	"bytes"
	"hash/crc32"
	"io"
	"testing"

	"leakwatch/internal/container"
)

// breaking is a source of bytes whose reader breaks at a place of them, as a
// decoder does that meets what its writer never thought of.
type breaking struct {
	bytes.Reader
	at int64
}

func (b *breaking) ReadAt(p []byte, off int64) (int, error) {
	if off <= b.at && b.at < off+int64(len(p)) {
		panic("no such thing was thought of")
	}
	return b.Reader.ReadAt(p, off)
}

// A decoder that breaks takes down neither the walk nor the daemon: what it
// read is damaged, be it a directory or the body of a member. What the visitor
// does wrong is its own matter and passes through.
func TestDecodersMayBreak(t *testing.T) {
	body := bytes.Repeat([]byte("body "), 40_000)
	data := rawZip([]raw{{name: "a.txt", packed: body, size: -1, crc: crc32.ChecksumIEEE(body)}}, true)
	for name, at := range map[string]int64{"directory": int64(len(data)) - 3, "body": int64(len(body)) / 2} {
		src := container.Source{Name: "x.zip", At: &breaking{*bytes.NewReader(data), at}, Size: int64(len(data))}
		var read error
		report, err := container.Walk(t.Context(), src, container.Options{}, func(_ container.Member, body io.Reader) error {
			if body != nil {
				_, read = io.Copy(io.Discard, body)
			}
			return nil
		})
		cause, _ := container.CauseOf(read)
		if err != nil || report.Cause != "damaged" && cause != "damaged" {
			t.Errorf("%s: %v, report %+v, body %v; want damaged", name, err, report, read)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("what the visitor does wrong was taken for damage")
		}
	}()
	src := container.Source{Name: "x.zip", At: bytes.NewReader(data), Size: int64(len(data))}
	_, _ = container.Walk(t.Context(), src, container.Options{}, func(container.Member, io.Reader) error { panic("ours") })
}
