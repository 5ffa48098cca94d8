package main

import (
	"slices"
	"time"

	"leakwatch/internal/match"
)

// rate is so many of so many.
type rate struct{ hit, n int }

func (r *rate) add(hit bool) {
	if r.n++; hit {
		r.hit++
	}
}

func (r rate) percent() float64 {
	if r.n == 0 {
		return 0
	}
	return 100 * float64(r.hit) / float64(r.n)
}

// recall says what one stage found of some looks.
type recall struct {
	copies     rate // raised on the right entry
	candidates rate // the right entry was named, whatever the verdict
}

// row is one form, a group of forms or a kind of picture.
type row struct {
	phash10, pdq31 rate // what a plain limit on the whole picture finds
	stages         []recall
}

// kinRow is one camera and one stage: what its other pictures raised.
type kinRow struct {
	camera   string
	fixed    bool
	entries  int
	pictures rate // raised a copy in any of their forms
	looks    rate // files that raised one
	named    int  // files called kin, and nothing more
	pairs    rate // picture and entry
	wrong    rate // re-posts of entries that raised another entry too
}

// strangers is what one stage raised on pictures of other scenes.
type strangers struct {
	pictures  rate // raised a copy of an unrelated entry in any form
	looks     rate
	pairs     int // of picture and unrelated entry
	kin       int // files called kin
	blanks    rate
	firstSeen string // the first that raised, for who looks into it
}

// result is all that is printed.
type result struct {
	stages  []stage
	forms   map[string]*row // of the table and held out
	kinds   map[string]*row // over the table
	all     row             // over the table
	kin     [][]*kinRow     // by stage, by camera
	strange []strangers     // by stage
	first   []rate          // by stage: of what was raised, the right entry stands first
	took    []time.Duration // by stage, of all looks
	looks   int
	plain   struct{ phash10, pdq31, pairs int } // unrelated pairs within a plain limit
}

// count makes rates of looks. It knows nothing of how they were made.
func count(stages []stage, looks []*look) *result {
	r := &result{stages: stages, forms: map[string]*row{}, kinds: map[string]*row{}, looks: len(looks)}
	n := len(stages)
	r.all.stages, r.kin, r.strange = make([]recall, n), make([][]*kinRow, n), make([]strangers, n)
	r.first, r.took = make([]rate, n), make([]time.Duration, n)
	for _, l := range looks {
		if l.purpose == table || l.purpose == heldOut {
			r.found(l)
		}
	}
	for i := range stages {
		for _, l := range looks {
			r.took[i] += l.took[i]
		}
		r.kin[i], r.strange[i] = countKin(i, looks), countStrange(i, looks)
	}
	r.countPlain(looks)
	return r
}

// found counts what is in the set.
func (r *result) found(l *look) {
	rows := []*row{rowOf(r.forms, l.form, len(r.stages))}
	if l.purpose == table {
		rows = append(rows, rowOf(r.kinds, l.photo.kind, len(r.stages)), &r.all)
		if l.photo.small {
			rows = append(rows, rowOf(r.kinds, enlarged, len(r.stages)))
		}
	}
	for _, row := range rows {
		row.phash10.add(l.phash != nil && l.photo.phash != nil && l.phash.Distance(*l.photo.phash) <= 10)
		row.pdq31.add(l.pdq != nil && l.quality >= minQuality && l.pdq.Distance(*l.photo.pdq) <= 31)
		for i, answers := range l.answers {
			row.stages[i].copies.add(slices.ContainsFunc(answers, func(a answer) bool { return a.photo == l.photo && a.raised() }))
			row.stages[i].candidates.add(slices.ContainsFunc(answers, func(a answer) bool { return a.photo == l.photo }))
		}
	}
	if l.purpose == table && len(l.shows) == 1 {
		for i, answers := range l.answers {
			if len(answers) > 0 && answers[0].raised() {
				r.first[i].add(answers[0].photo == l.photo)
			}
		}
	}
}

// enlarged is the kind of originals that had to grow to the size that forms are
// made from.
const enlarged = "of these, enlarged"

func rowOf(rows map[string]*row, name string, stages int) *row {
	if rows[name] == nil {
		rows[name] = &row{stages: make([]recall, stages)}
	}
	return rows[name]
}

// judged says what an answer is of a look: the picture itself, another of the
// same camera, nothing that can be judged, or a stranger.
type judged int

const (
	right judged = iota
	sameCamera
	unjudged // of the same scene, which is no camera; or within two seconds
	stranger
)

func (l *look) judge(a answer) judged {
	if a.photo == nil {
		return stranger // a ref that no entry has
	}
	related := false
	for _, p := range l.shows {
		switch {
		case a.photo == p:
			return right
		case a.photo.scene != p.scene:
		case p.scene.film && max(a.photo.frame-p.frame, p.frame-a.photo.frame) < nearFrames || !p.scene.camera:
			return unjudged
		default:
			related = true
		}
	}
	if related {
		return sameCamera
	}
	return stranger
}

// countKin counts what a camera's pictures raised besides themselves.
func countKin(stage int, looks []*look) (rows []*kinRow) {
	byScene, hit := map[*scene]*kinRow{}, map[*scene]map[*photo]map[*photo]bool{}
	for _, l := range looks {
		if l.photo == nil || !l.photo.scene.camera {
			continue
		}
		s := l.photo.scene
		row := byScene[s]
		if row == nil {
			row = &kinRow{camera: s.name, fixed: s.fixed, entries: s.count(entry)}
			byScene[s], hit[s] = row, map[*photo]map[*photo]bool{}
			rows = append(rows, row)
		}
		raised := false
		for _, a := range l.answers[stage] {
			if a.raised() && l.judge(a) == sameCamera && a.photo.scene == s {
				raised = true
				if l.purpose == another {
					mark(hit[s], l.photo, a.photo)
				}
			}
		}
		switch l.purpose {
		case table:
			if len(l.shows) == 1 {
				row.wrong.add(raised)
			}
		case another:
			row.looks.add(raised)
			if hit[s][l.photo] == nil {
				hit[s][l.photo] = map[*photo]bool{}
			}
			if !raised && slices.ContainsFunc(l.answers[stage], func(a answer) bool { return a.verdict == kinVerdict }) {
				row.named++
			}
		}
	}
	for s, row := range byScene {
		for _, pairs := range hit[s] {
			row.pictures.add(len(pairs) > 0)
			row.pairs.hit += len(pairs)
			row.pairs.n += row.entries
		}
	}
	return slices.DeleteFunc(rows, func(r *kinRow) bool { return r.entries == 0 })
}

// kinVerdict is what a camera's other picture may be called.
const kinVerdict = "kin"

func mark(hits map[*photo]map[*photo]bool, p, q *photo) {
	if hits[p] == nil {
		hits[p] = map[*photo]bool{}
	}
	hits[p][q] = true
}

func (s *scene) count(r role) (n int) {
	for _, p := range s.photos {
		if p.role == r {
			n++
		}
	}
	return n
}

// countStrange counts what raised an entry of a scene that it does not show.
// Each picture counts once, in however many forms it was shown.
func countStrange(stage int, looks []*look) (out strangers) {
	raised, blanks := map[any]bool{}, map[any]bool{}
	for _, l := range looks {
		wrong := false
		for _, a := range l.answers[stage] {
			if l.judge(a) != stranger {
				continue
			}
			wrong = wrong || a.raised()
			if a.verdict == kinVerdict {
				out.kin++
			}
		}
		out.looks.add(wrong)
		if wrong && out.firstSeen == "" {
			out.firstSeen = l.form
		}
		key := any(l.photo)
		if l.photo == nil {
			key = l.question
		}
		if _, seen := raised[key]; !seen {
			out.pairs += l.unrelated()
		}
		raised[key] = raised[key] || wrong
		if l.purpose == blank {
			blanks[key] = blanks[key] || len(l.answers[stage]) > 0 && l.answers[stage][0].verdict != match.Weak
		}
	}
	for _, hit := range raised {
		out.pictures.add(hit)
	}
	for _, hit := range blanks {
		out.blanks.add(hit)
	}
	return out
}

// unrelated is how many entries the look's own picture is compared with that
// are of another scene.
func (l *look) unrelated() (n int) {
	for _, p := range l.trial.album.byRef {
		if l.photo == nil || p.scene != l.photo.scene {
			n++
		}
	}
	return n
}

// countPlain counts unrelated pairs, each picture as it is against each entry,
// that a plain limit would raise.
func (r *result) countPlain(looks []*look) {
	for _, l := range looks {
		if l.purpose != asItIs && l.purpose != blank || l.pdq == nil {
			continue
		}
		for _, p := range l.trial.album.byRef {
			if l.photo != nil && p.scene == l.photo.scene {
				continue
			}
			r.plain.pairs++
			if l.quality >= minQuality && l.pdq.Distance(*p.pdq) <= 31 {
				r.plain.pdq31++
			}
			if l.phash != nil && p.phash != nil && l.phash.Distance(*p.phash) <= 10 {
				r.plain.phash10++
			}
		}
	}
}
