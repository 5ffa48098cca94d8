package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func startWorld(t *testing.T, o Options) *World {
	t.Helper()
	w, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

func fetch(t *testing.T, c *http.Client, url, etag string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

func TestWorld(t *testing.T) {
	w := startWorld(t, Options{})
	client := clientOf(w.Proxy(), "test")
	defer client.CloseIdleConnections()
	var names []string
	for _, s := range w.Sites() {
		names = append(names, s.Name)
		if s.Dead {
			if _, err := client.Get(s.Seeds[0]); err == nil {
				t.Errorf("the dead site answers")
			}
			continue
		}
		res, body := fetch(t, client, s.Seeds[0], "")
		if res.StatusCode != 200 || !strings.Contains(string(body), "<title>") {
			t.Errorf("%s: %s", s.Seeds[0], res.Status)
		}
		etag := res.Header.Get("ETag")
		if again, body := fetch(t, client, s.Seeds[0], etag); again.StatusCode != 304 || len(body) > 0 || res.Header.Get("Last-Modified") == "" {
			t.Errorf("%s again: %s", s.Seeds[0], again.Status)
		}
	}
	if want := []string{"forum", "market", "board", "dead"}; !slices.Equal(names, want) {
		t.Errorf("sites %q, want %q", names, want)
	}
	if len(w.DataSet()) != 200 {
		t.Errorf("%d pictures in the data set, want 200", len(w.DataSet()))
	}
	if got := len(w.Strangers()); got < 60 {
		t.Errorf("%d strangers, want >= 60", got)
	}
	set := w.DataSet()
	turns := make([]roughPDQ, len(set))
	each(len(set), func(i int) {
		all, _ := roughTurns(set[i].Image())
		turns[i] = all[0]
	})
	entries := map[int]bool{}
	for _, p := range w.Planted() {
		entries[p.Entry] = true
		checkPlant(t, client, p, set, turns)
	}
	if len(entries) != len(plan()) {
		t.Errorf("%d entries planted, want %d different ones", len(entries), len(plan()))
	}
	for _, url := range w.Strangers() {
		if res, body := fetch(t, client, url, ""); res.StatusCode != 200 || http.DetectContentType(body) != "image/jpeg" {
			t.Errorf("stranger %s: %s", url, res.Status)
		}
	}
	if got := w.Violations(); len(got) > 0 {
		t.Errorf("violations %q, want none", got)
	}
}

// checkPlant fetches a plant and holds it against its entry: nearest of all,
// near enough to be called a copy, and with a lead.
func checkPlant(t *testing.T, client *http.Client, p Plant, set []Photo, turns []roughPDQ) {
	t.Helper()
	_, page := fetch(t, client, p.Page, "")
	var file []byte
	if p.URL == "" {
		m := regexp.MustCompile(`data:image/jpeg;base64,([A-Za-z0-9+/=]+)`).FindSubmatch(page)
		if m == nil {
			t.Fatalf("%s has no data: URI", p.Page)
		}
		file, _ = base64.StdEncoding.DecodeString(string(m[1]))
	} else {
		res, body := fetch(t, client, p.URL, "")
		if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "image/") {
			t.Errorf("%s: %s %s", p.URL, res.Status, res.Header.Get("Content-Type"))
		}
		if path := p.URL[strings.Index(p.URL, ".onion")+6:]; !bytes.Contains(page, []byte(path)) {
			t.Errorf("%s does not name %s", p.Page, path)
		}
		file = body
	}
	if same := bytes.Equal(file, set[p.Entry].JPEG); same != (p.Form == Exact) {
		t.Errorf("%s %s: same bytes: %t", p.Form, p.URL, same)
	}
	found, _ := roughTurns(decode(t, file))
	best, second := 256, 256
	for i := range turns {
		d := 256
		for _, f := range found {
			d = min(d, f.distance(turns[i]))
		}
		if i == p.Entry {
			best = d
		} else {
			second = min(second, d)
		}
	}
	if best > 39 || second-best < 14 {
		t.Errorf("%s of entry %d (%s) is %d away and the next %d: want <= 39 and a lead of 14", p.Form, p.Entry, set[p.Entry].Kind, best, second)
	}
}

func TestWorldOfOnesOwn(t *testing.T) {
	w := startWorld(t, Options{Empty: true})
	if len(w.DataSet())+len(w.Sites())+len(w.Planted()) > 0 {
		t.Error("an empty world has something in it")
	}
	onion := w.Handle("mine", Web{
		"/":      {MediaType: "text/plain", Body: []byte("mine")},
		"/there": {Location: "/"},
		"/gone":  {Status: 410},
	})
	if onion != w.Handle("mine", hello("replaced")) {
		t.Error("the same name has another address")
	}
	w.Handle("mine", Web{"/": {MediaType: "text/plain", Body: []byte("mine")}, "/there": {Location: "/"}, "/gone": {Status: 410}})
	client := clientOf(w.Proxy(), "u")
	defer client.CloseIdleConnections()
	for path, want := range map[string]int{"/": 200, "/there": 302, "/gone": 410, "/else": 404, "/?a=b": 404} {
		if res, _ := fetch(t, client, "http://"+onion+path, ""); res.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, res.Status, want)
		}
	}
	w.Code(onion, 0xF2)
	client.CloseIdleConnections()
	if _, err := client.Get("http://" + onion + "/"); err == nil {
		t.Error("an onion with a code answers")
	}
	got := w.Proxy().Connects(onion)
	if last := got[len(got)-1]; last.Code != 0xF2 || last.User != "u" || last.Port != 80 {
		t.Errorf("last connect %+v", last)
	}
}

// Whoever goes past the proxy is noted.
func TestTrap(t *testing.T) {
	w := startWorld(t, Options{Empty: true})
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", w.trap.port))
	if err != nil {
		t.Fatal(err)
	}
	io.ReadAll(c) // until the trap has noted it and hung up
	c.Close()
	if got := w.Violations(); len(got) != 1 || !strings.Contains(got[0], "past the proxy") {
		t.Errorf("violations %q", got)
	}
}

func TestStartRefusesABadAddress(t *testing.T) {
	if w, err := Start(Options{Socks: "unix:/nowhere/at/all", Empty: true}); err == nil {
		w.Close()
		t.Error("a world on a bad address")
	}
}

// A world of few pictures has all its places filled.
func TestSmallWorld(t *testing.T) {
	for _, photos := range []int{1, 5, 30} {
		w := startWorld(t, Options{Photos: photos, Seed: 5})
		if got := len(w.Planted()); got != len(plan()) {
			t.Errorf("%d photos: %d plants, want %d", photos, got, len(plan()))
		}
		for _, p := range w.Planted() {
			if p.Entry >= photos {
				t.Errorf("%d photos: a plant of entry %d", photos, p.Entry)
			}
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for _, photos := range []int{30, 200} {
		b.Run(fmt.Sprint(photos), func(b *testing.B) {
			for b.Loop() {
				w, err := Start(Options{Photos: photos})
				if err != nil {
					b.Fatal(err)
				}
				w.Close()
			}
		})
	}
}
