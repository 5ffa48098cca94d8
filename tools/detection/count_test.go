package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"leakwatch/internal/inspect"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
)

// answering is a front door that says the same of every picture.
type answering []match.Hit

func (a answering) Look(_ context.Context, data []byte) (inspect.Seen, error) {
	sum := sha256.Sum256(data)
	quality := 100
	return inspect.Seen{Print: inspect.Print{SHA256: hex.EncodeToString(sum[:]), PDQ: &phash.PDQ{}, Quality: &quality}, Hits: a}, nil
}

// control is a small drawn album with all that is asked of it, cut short.
type control struct {
	album     *album
	trial     *trial
	asker     *asker
	questions []*question
}

func newControl(t *testing.T) *control {
	t.Helper()
	a := drawnAlbum(30, 3)
	if err := a.measure(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	for _, p := range a.photos {
		p.pdq = &p.turns[0]
	}
	c := &control{album: a, trial: &trial{album: a}}
	all, err := (&measurement{trials: []*trial{c.trial}}).questions(options{originals: 3, short: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range all {
		q.forms = q.forms[:min(len(q.forms), 2)]
		if q.photo != nil || i%10 < 2 {
			c.questions = append(c.questions, q)
		}
	}
	if c.asker, err = newAsker(t.Context(), a.draw(8)); err != nil {
		t.Fatal(err)
	}
	return c
}

// of asks a matcher that always says the same, and counts.
func (c *control) of(t *testing.T, says answering) *measurement {
	t.Helper()
	c.trial.lookers = []looker{says}
	var looks []*look
	for _, q := range c.questions {
		more, err := c.asker.ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		looks = append(looks, more...)
	}
	return &measurement{trials: []*trial{c.trial}, result: count([]stage{{name: "broken"}}, looks)}
}

// The counting can fail: matchers that are wrong in one way are shown to be.
func TestBrokenMatchersAreCaught(t *testing.T) {
	c := newControl(t)
	t.Run("blind", func(t *testing.T) {
		m := c.of(t, nil)
		s := m.all.stages[0]
		if s.copies.n == 0 || s.copies.hit != 0 || s.candidates.hit != 0 {
			t.Errorf("copies %+v, candidates %+v, want 0 of many", s.copies, s.candidates)
		}
		if m.strange[0].pictures.hit+m.kinSum(0, true).pictures.hit+m.strange[0].blanks.hit != 0 {
			t.Errorf("raised %+v, want nothing", m.strange[0])
		}
	})
	t.Run("calls all the same", func(t *testing.T) {
		var named *photo
		for _, s := range c.album.scenes {
			if s.fixed && s.count(kin) > 0 && s.count(entry) > 0 && named == nil {
				named = s.photos[0]
			}
		}
		m := c.of(t, answering{{Ref: named.ref, Verdict: match.Copy}})
		s, k := m.strange[0], m.kinSum(0, true)
		if s.pictures.hit == 0 || s.pictures.hit == s.pictures.n || s.blanks.hit != s.blanks.n || s.blanks.n == 0 {
			t.Errorf("strangers %+v: want all but those of its scene, and every blank", s)
		}
		if k.pictures.hit == 0 || k.pictures.hit == k.pictures.n || k.pairs.hit != k.pictures.hit {
			t.Errorf("same camera %+v: want all of its camera and no other", k)
		}
		if m.first[0].n == 0 || m.first[0].hit == m.first[0].n {
			t.Errorf("the right entry first: %+v, want some wrong", m.first[0])
		}
	})
	t.Run("raises all that it has", func(t *testing.T) {
		m := c.of(t, c.all(match.Copy))
		s, k := m.strange[0], m.kinSum(0, true)
		if m.all.stages[0].copies.percent() != 100 || s.pictures.hit != s.pictures.n || k.pairs.hit != k.pairs.n || k.pairs.n == 0 {
			t.Errorf("copies %+v, strangers %+v, same camera %+v: want all of all", m.all.stages[0].copies, s, k)
		}
	})
	// What is named without being raised is a candidate, and kin is no copy.
	for _, verdict := range []string{match.Weak, kinVerdict} {
		t.Run("all are "+verdict, func(t *testing.T) {
			m := c.of(t, c.all(verdict))
			s := m.all.stages[0]
			if s.copies.hit != 0 || s.candidates.hit != s.candidates.n || s.candidates.n == 0 {
				t.Errorf("copies %+v, candidates %+v, want none and all", s.copies, s.candidates)
			}
			if m.strange[0].pictures.hit != 0 || m.kinSum(0, true).pictures.hit != 0 {
				t.Errorf("counted as raised: %+v", m.strange[0])
			}
			if blanks := m.strange[0].blanks.hit; (blanks > 0) != (verdict == kinVerdict) {
				t.Errorf("%d blanks raised something", blanks)
			}
		})
	}
}

// all names every entry.
func (c *control) all(verdict string) (hits answering) {
	for ref := range c.album.byRef {
		hits = append(hits, match.Hit{Ref: ref, Verdict: verdict})
	}
	return hits
}

func TestPageKeepsWhatIsWrittenByHand(t *testing.T) {
	page := "by hand\n<!-- drawings: begin -->\nold\n<!-- drawings: end -->\nby hand too\n"
	got, err := replaced(page, "drawings", "new\n")
	if err != nil || !strings.HasPrefix(got, "by hand\n") || !strings.HasSuffix(got, "\nby hand too\n") || !strings.Contains(got, "\nnew\n") || strings.Contains(got, "old") {
		t.Errorf("got %q, %v", got, err)
	}
	if again, err := replaced(got, "drawings", "new\n"); err != nil || again != got {
		t.Errorf("a second time gives %q, %v", again, err)
	}
	if _, err := replaced(page, "photographs", "new"); err == nil {
		t.Error("a page without marks was taken")
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	if _, err := measure(t.Context(), options{stages: []string{"clairvoyance"}}, io.Discard); err == nil {
		t.Error("an unknown stage was taken")
	}
	m := &measurement{trials: []*trial{{album: &album{}}}}
	if _, err := m.questions(options{forms: []string{"rot-3"}}); err == nil {
		t.Error("an unknown form was taken")
	}
}
