package demo

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestLeakHoldsWhatItSays(t *testing.T) {
	w := startWorld(t, Options{Empty: true})
	l, err := NewLeak(w, LeakOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client := clientOf(w.Proxy(), "test")
	defer client.CloseIdleConnections()
	if l.Archives != 34 || len(l.Set) != 60 || len(l.Selectors) != 160 || l.Strangers < 60 {
		t.Errorf("%d archives, %d pictures, %d selectors, %d strangers", l.Archives, len(l.Set), len(l.Selectors), l.Strangers)
	}
	files := map[string][]byte{}
	kinds, must := map[string]int{}, map[string]int{}
	for _, h := range l.Hidden {
		if kinds[h.Kind]++; !h.Maybe {
			must[h.Kind]++
		}
		if files[h.URL] == nil {
			res, body := fetch(t, client, h.URL, "")
			_, page := fetch(t, client, h.Page, "")
			if path := h.URL[strings.Index(h.URL, ".onion")+6:]; res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte(path[strings.LastIndexByte(path, '/')+1:])) {
				t.Errorf("%s: %s, %s does not lead there", h.URL, res.Status, h.Page)
			}
			files[h.URL] = body
		}
		switch {
		case h.Kind == HiddenPicture && h.Member == "" && h.Form == Exact && !bytes.Equal(files[h.URL], l.Set[h.Entry].JPEG):
			t.Errorf("%s is not entry %d", h.URL, h.Entry)
		case h.Kind == HiddenManifest && (h.Agree > h.Of || h.Agree == 0), h.Kind == HiddenSelector && len(h.Selectors) == 0, h.Kind == HiddenUnopened && len(h.Causes) == 0:
			t.Errorf("%+v says nothing", h)
		}
	}
	t.Logf("hidden %v, of which must be told %v", kinds, must)
	if must[HiddenPicture] < 120 || must[HiddenManifest] < 8 || must[HiddenSelector] < 10 || must[HiddenUnopened] < 90 {
		t.Errorf("hidden are %v", must)
	}
	if got := w.Violations(); len(got) > 0 {
		t.Errorf("violations %q", got)
	}
	if _, err := NewLeak(w, LeakOptions{Photos: 3}); err == nil {
		t.Error("a leak of three pictures")
	}
	if testing.Short() {
		return // one is drawn soon enough
	}
	again, err := NewLeak(w, LeakOptions{})
	if err != nil || !slices.EqualFunc(l.Hidden, again.Hidden, func(x, y Hidden) bool { return fmt.Sprint(x) == fmt.Sprint(y) }) {
		t.Errorf("two leaks of one seed differ, %v", err)
	}
}

// Whatever the way of writing, a plate that was not lost is never one that was.
func TestSpellings(t *testing.T) {
	selectors := leakSelectors(source(1, placeLeak, 0))
	seen := map[string]string{}
	for _, s := range selectors {
		for way := range 7 {
			w := spelled(s, way)
			if other, twice := seen[w]; twice && other != s {
				t.Errorf("%q is %q and %q", w, s, other)
			}
			seen[w] = s
		}
	}
	if ways := slices.Collect(maps.Keys(seen)); len(ways) < 5*len(selectors) {
		t.Errorf("%d spellings of %d selectors", len(ways), len(selectors))
	}
}

func TestDescribedIsAPictureYet(t *testing.T) {
	file := described(Stranger(1, 1).JPEG, "lane 3, plate KAB 1234")
	if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil || !bytes.Contains(file, []byte("plate KAB 1234\x00")) {
		t.Errorf("%v", err)
	}
}
