package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestHugeZip(t *testing.T) {
	a, b := Stranger(0, 1).JPEG, Stranger(1, 1).JPEG
	for _, row := range []struct{ n, size int }{{70, 120_000}, {65_000, 320_000}} {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			z := NewHugeZip(row.n, row.size, [][]byte{a, b}, func(i int) int { return i % 7 % 2 })
			if want := int64(row.n) * int64(row.size); z.Size() < want || z.Size() > want+want/100 {
				t.Errorf("%d bytes, want about %d", z.Size(), want)
			}
			r, err := zip.NewReader(z, z.Size())
			if err != nil || len(r.File) != row.n {
				t.Fatalf("%v", err)
			}
			for _, i := range []int{0, 1, row.n / 2, row.n - 1} {
				in, err := r.File[i].Open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(in) // checks the CRC-32
				if err != nil || len(got) != row.size || r.File[i].Name != hugeName(i) || !bytes.HasSuffix(got, [][]byte{a, b}[i%7%2][2:]) {
					t.Errorf("member %d: %s, %d bytes, %v", i, r.File[i].Name, len(got), err)
				}
				head := make([]byte, 100) // at a place within the local header's name
				off, err := r.File[i].DataOffset()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := z.ReadAt(head, off-10); err != nil || !strings.HasPrefix(string(head), hugeName(i)[len(hugeName(i))-10:]+"\xff\xd8\xff\xfe") {
					t.Errorf("member %d: %q, %v", i, head[:20], err)
				}
			}
		})
	}
}
