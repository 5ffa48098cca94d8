package demo

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestHostileContainers(t *testing.T) {
	set := Set(12, 1)
	all := HostileContainers(set)
	names, sightings, total := map[string]bool{}, map[int]int{}, 0
	for _, h := range all {
		if names[h.Name] {
			t.Errorf("two are called %s", h.Name)
		}
		names[h.Name] = true
		total += len(h.Body)
		for _, e := range h.Found {
			sightings[e]++
		}
		quiet := strings.HasPrefix(h.Name, "bomb.") || h.Name == "deep.torrent" || h.Name == "half.7z.003" // nothing is in them, they must only end
		if len(h.Causes)+len(h.Found)+len(h.May) == 0 && !quiet {
			t.Errorf("%s says nothing", h.Name)
		}
	}
	if len(all) < 60 || total > 24<<20 {
		t.Errorf("%d containers of %d MiB", len(all), total>>20)
	}
	for e, n := range sightings { // a finding lists a hundred places
		if n > 90 {
			t.Errorf("entry %d stands in %d containers", e, n)
		}
	}
	again := HostileContainers(set)
	for i := range all {
		if fmt.Sprint(all[i].Name, all[i].Causes, all[i].Found) != fmt.Sprint(again[i].Name, again[i].Causes, again[i].Found) || !bytes.Equal(all[i].Body, again[i].Body) {
			t.Errorf("%s is another the second time", all[i].Name)
		}
	}
	if w := HostileSite(all); len(w) != len(all)+1 {
		t.Errorf("%d paths for %d containers", len(w), len(all))
	}
}

// The bombs are what they say: their honest parts unpack.
func TestZerosUnpack(t *testing.T) {
	file := zeroZip(2, 5)
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, in); err != nil || n != 5<<20 || len(file) > 50_000 {
		t.Errorf("%d bytes of %d, %v", n, len(file), err)
	}
}
