package main

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"time"

	"leakwatch/internal/demo"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
)

// purpose says what a question is counted for.
type purpose int

const (
	table   purpose = iota // an entry in one of the 65 forms
	heldOut                // an entry in a form that no threshold has seen
	another                // another picture of an entry's camera
	asItIs                 // any other picture of the album
	blank                  // a drawing that must raise nothing
)

// question is one picture in some forms, asked of one trial.
type question struct {
	trial   *trial
	photo   *photo // nil: drawn
	drawn   func() *image.RGBA
	purpose purpose
	forms   []form // none: the file as it is
}

// look is what the stages say of one file.
type look struct {
	*question
	form    string
	shows   []*photo     // the album's pictures that can be seen in it
	pdq     *phash.PDQ   // of the whole file
	phash   *phash.PHash // of the whole file
	quality int
	answers [][]answer      // by stage, strongest first
	took    []time.Duration // by stage
	broken  bool            // the form left nothing that can be hashed
}

// answer is one hit.
type answer struct {
	photo   *photo
	verdict string
	rule    string // why, in words
}

// raised reports whether people are told that this very picture is out.
func (a answer) raised() bool { return a.verdict == match.Exact || a.verdict == match.Copy }

// asker makes the files and asks.
type asker struct {
	pool []*photo               // what stands beside the original on sheets and pages
	wide map[*photo]*image.RGBA // the pool, brought to size
}

// newAsker brings the pool to size.
func newAsker(ctx context.Context, pool []*photo) (*asker, error) {
	k := &asker{wide: map[*photo]*image.RGBA{}}
	wide := make([]*image.RGBA, len(pool))
	if err := each(ctx, len(pool), func(int, int) {}, func(i int) error {
		wide[i], _ = pool[i].original() // some that we hash are no picture to Go's own decoders
		return nil
	}); err != nil {
		return nil, err
	}
	for i, p := range pool {
		if wide[i] != nil {
			k.pool, k.wide[p] = append(k.pool, p), wide[i]
		}
	}
	return k, nil
}

// ask makes each form and shows it to each stage.
func (k *asker) ask(ctx context.Context, q *question) (looks []*look, err error) {
	if len(q.forms) == 0 {
		data, err := q.photo.read()
		if err != nil {
			return nil, err
		}
		l := &look{question: q, form: "as it is", shows: []*photo{q.photo}}
		return []*look{l}, k.show(ctx, l, data)
	}
	var p *image.RGBA
	name := ""
	if q.photo == nil {
		p = q.drawn()
	} else if p, err = q.photo.original(); err != nil {
		return nil, nil // see newAsker
	} else {
		name = q.photo.ref
	}
	for i := range q.forms {
		l := &look{question: q, form: q.forms[i].name}
		s := &subject{p: cut(p, p.Rect), rand: randomOf(name, l.form)}
		if q.photo != nil {
			l.shows = append(l.shows, q.photo)
			s.other = func() *image.RGBA { return k.other(s, l) }
		}
		data, err := q.forms[i].apply(s)
		if err != nil {
			return nil, fmt.Errorf("form %s: %w", l.form, err)
		}
		if err := k.show(ctx, l, data); err != nil {
			return nil, err
		}
		looks = append(looks, l)
	}
	return looks, nil
}

// other takes another scene's picture that the file does not show yet.
func (k *asker) other(s *subject, l *look) *image.RGBA {
	for range 100 {
		p := k.pool[s.rand.IntN(len(k.pool))]
		free := true
		for _, shown := range l.shows {
			free = free && p != shown && (p.scene != shown.scene || shown != l.photo)
		}
		if free {
			l.shows = append(l.shows, p)
			return k.wide[p]
		}
	}
	// A small pool is used up: a drawing that nobody knows.
	drawn := demo.Stranger(1000+s.rand.IntN(1000), 11).Image()
	p := image.NewRGBA(drawn.Bounds())
	draw.Draw(p, p.Rect, drawn, p.Rect.Min, draw.Src)
	return p
}

// show asks each stage.
func (k *asker) show(ctx context.Context, l *look, data []byte) error {
	for _, room := range l.trial.lookers {
		start := time.Now()
		seen, err := room.Look(ctx, data)
		if err != nil {
			return err
		}
		l.took = append(l.took, time.Since(start))
		var answers []answer
		for _, h := range seen.Hits {
			answers = append(answers, answer{l.trial.album.byRef[h.Ref], h.Verdict, h.Rule})
		}
		l.answers = append(l.answers, answers)
		l.pdq, l.phash = seen.PDQ, seen.PHash
		if l.broken = seen.PDQ == nil; !l.broken {
			l.quality = *seen.Quality
		}
	}
	return nil
}

// kinForms are what pictures of the same camera are shown in.
func kinForms() []form {
	all := append(tableForms(), heldOutForms()...)
	forms := []form{{"plain", "", "", nil, asJPEG(88)}}
	for _, name := range []string{"jpeg-q20", "resize-25", "free-crop-65", "chrome", "mirror+r50+banner"} {
		for _, f := range all {
			if f.name == name {
				forms = append(forms, f)
			}
		}
	}
	return forms
}
