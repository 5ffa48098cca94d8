package assure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leakwatch/internal/assure"
	"leakwatch/internal/crawler"
	"leakwatch/internal/kv"
	"leakwatch/internal/tor"
)

// web is a small site: two pictures, a dead link, and an archive that nobody
// can open.
type web struct{}

func (web) RoundTrip(q *http.Request) (*http.Response, error) {
	kind, body, status := "text/html", "", http.StatusOK
	switch q.URL.Path {
	case "/":
		body = `<img src=/a.pic><img src=/b.pic><a href=/dead>x</a><a href=/all.zip>x</a>`
	case "/a.pic", "/b.pic":
		kind, body = "image/png", "PIC "+q.URL.Path
	case "/all.zip":
		kind, body = "application/zip", "PK\x03\x04 and more"
	default:
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
}

// eye finds one of the pictures hard to judge.
type eye struct{}

func (eye) Inspect(_ context.Context, f crawler.Found) (crawler.Inspection, error) {
	switch {
	case f.Unchanged:
		return crawler.Inspection{Cause: crawler.Unchanged, Known: true}, nil
	case f.Kind == crawler.KindContainer:
		return crawler.Inspection{Cause: crawler.Unsupported, Why: "nobody opens it"}, nil
	case strings.HasSuffix(f.URL, "/b.pic"):
		return crawler.Inspection{Cause: crawler.LowQuality, Why: "blurred"}, nil
	}
	return crawler.Inspection{Cause: crawler.OK}, nil
}

type ear struct{}

func (ear) Tell(context.Context, crawler.Event) error { return nil }

const seed = "http://examplexexamplexexamplexexamplexexamplexexamplexexampl.onion/"

func crawled(t *testing.T) *crawler.Crawler {
	t.Helper()
	var dbs []*kv.DB
	for _, name := range []string{"crawl.db", "state.db"} {
		db, err := kv.Open(filepath.Join(t.TempDir(), name), kv.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		dbs = append(dbs, db)
	}
	o := crawler.Options{
		Transport: func(tor.Site) http.RoundTripper { return web{} }, Inspector: eye{}, Teller: ear{},
		Holds: func(b []byte, _ string) string {
			return map[bool]string{true: "zip"}[strings.HasPrefix(string(b), "PK")]
		},
		Sniff: func(b []byte) string { return map[bool]string{true: "png"}[strings.HasPrefix(string(b), "PIC ")] },
	}
	c, err := crawler.Open(dbs[0], dbs[1], o)
	if err != nil {
		t.Fatal(err)
	}
	site := crawler.SiteConfig{Name: "board", Kind: "web", Origin: "config", Seeds: []string{seed}, Scope: "host",
		Interval: time.Hour, MaxInterval: time.Hour, Parallel: 1, Depth: 5}
	other := site
	other.Name, other.Seeds = "quiet", []string{seed + "nothing/here"}
	if err := c.Configure([]crawler.SiteConfig{site, other}, o); err != nil {
		t.Fatal(err)
	}
	return c
}

// The coverage of two rounds adds up: due = visited + waiting, visited = the sum
// of causes, each picture in one of its ways.
func TestCoverageAddsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := crawled(t)
		began := time.Now()
		for range 2 {
			if _, err := c.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Hour)
		}
		all, err := assure.Of(t.Context(), c, began, time.Now())
		if err != nil || len(all) != 2 || all[0].Site != "board" || all[1].Site != "quiet" {
			t.Fatalf("coverage of %+v, %v, want board and quiet", all, err)
		}
		for _, one := range all {
			sum, content := 0, 0
			for cause, n := range one.Causes {
				sum += n
				if cause.Class() == crawler.ClassSeen {
					content += n
				}
			}
			if one.Visited != sum || one.Content != content || one.Due != one.Visited+one.Waiting {
				t.Errorf("%s does not add up: %+v", one.Site, one)
			}
			if one.From.After(began) || one.To.Before(began.Add(4*time.Hour)) {
				t.Errorf("%s covers %s to %s, want all of the 4 hours from %s", one.Site, one.From, one.To, began)
			}
		}
		board := all[0]
		want := map[crawler.Cause]int{crawler.OK: 2, crawler.Unchanged: 2, crawler.LowQuality: 2, crawler.HTTP404: 2, crawler.Unsupported: 2}
		if !maps.Equal(board.Causes, want) || board.Waiting == 0 || board.Bytes == 0 {
			t.Errorf("board %+v, want the causes %v, something due again, some bytes", board, want)
		}
		if got, want := board.Pictures, (crawler.Pictures{Inspected: 1, ExactOnly: 2, Known: 1}); got != want {
			t.Errorf("pictures %+v, want %+v", got, want)
		}
		if got, want := board.Containers, (crawler.Containers{NotOpened: 1}); got != want {
			t.Errorf("containers %+v, want %+v: it was the same the second time", got, want)
		}
	})
}

// Every key of the contract is there, and none is null that is known.
func TestCoverageKeys(t *testing.T) {
	all, err := assure.Of(t.Context(), ledgers{crawler.Ledger{Causes: map[crawler.Cause]int{}, LongestBlind: 90*time.Second + 999*time.Millisecond}}, time.Now(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(all[0])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	keys := []string{"bytes", "causes", "containers", "content", "due", "from", "longest_blind_s", "members", "pictures", "site", "to", "visited", "waiting"}
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, keys) {
		t.Errorf("keys %q, want %q", have, keys)
	}
	for key, want := range map[string]string{
		"causes": `{}`, "longest_blind_s": `90`, "pictures": `{"inspected":0,"known":0,"exact_only":0,"not_hashable":0}`,
		"containers": `{"opened":0,"listed":0,"sampled":0,"not_opened":0}`,
	} {
		if string(got[key]) != want {
			t.Errorf("%s is %s, want %s", key, got[key], want)
		}
	}
}

// ledgers has one site with the same ledger at all times.
type ledgers struct{ l crawler.Ledger }

func (l ledgers) Sites(context.Context) ([]crawler.Site, error) {
	return []crawler.Site{{Name: "board"}}, nil
}

func (l ledgers) Ledger(context.Context, string, time.Time, time.Time) (crawler.Ledger, error) {
	return l.l, nil
}

// broken has sites, and a ledger that cannot be read.
type broken struct{ ledgers }

func (broken) Ledger(_ context.Context, site string, _, _ time.Time) (crawler.Ledger, error) {
	return crawler.Ledger{}, fmt.Errorf("ledger of %s: %w", site, errDisk)
}

var errDisk = errors.New("disk gone")

// A ledger that cannot be read is an error, never a site without visits.
func TestCoverageFails(t *testing.T) {
	if all, err := assure.Of(t.Context(), broken{}, time.Now(), time.Now()); !errors.Is(err, errDisk) || all != nil {
		t.Errorf("got %+v, %v, want the store's error", all, err)
	}
}
