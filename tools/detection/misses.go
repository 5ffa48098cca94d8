package main

import (
	"fmt"
	"io"
	"slices"

	"leakwatch/internal/match"
)

// writeMisses lists what was not found and what was raised wrongly, by the
// names of the files: for who looks into it, never part of the page.
func writeMisses(w io.Writer, stages []stage, looks []*look) {
	for _, l := range looks {
		for i, answers := range l.answers {
			line := func(what string, a answer) {
				name, other := "a drawing", "nothing"
				if l.photo != nil {
					name = l.photo.name
				}
				if a.photo != nil {
					other = a.photo.name
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s %s\tquality %d\t%s\n", stages[i].name, what, l.form, name, a.verdict, other, l.quality, a.rule)
			}
			found := slices.ContainsFunc(answers, func(a answer) bool { return a.photo == l.photo && a.raised() })
			if (l.purpose == table || l.purpose == heldOut) && !found {
				a := answer{}
				if at := slices.IndexFunc(answers, func(a answer) bool { return a.photo == l.photo }); at >= 0 {
					a = answers[at]
				} else if len(answers) > 0 {
					a = answers[0]
				}
				line("missed", a)
			}
			if l.purpose == blank && len(answers) > 0 && answers[0].verdict != match.Weak {
				line("blank", answers[0])
			}
			for _, a := range answers {
				verdict := l.judge(a)
				if a.raised() && (verdict == stranger || verdict == sameCamera && l.purpose != asItIs) {
					line("wrong", a)
				}
			}
		}
	}
}
