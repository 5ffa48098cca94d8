// Command detection answers: how much of what is posted again is found, in
// which form, and what is raised that should not be?
//
// It takes a folder of photographs, or draws pictures where none is given,
// makes hash sets of some of them, posts these again in 65 forms and in forms
// that no threshold has seen, and asks the daemon's own front door
// (inspect.Room over match.Sets) for each. Files and choices are the same in
// each run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// options are what one run covers.
type options struct {
	corpus    string
	originals int
	forms     []string // names of forms or groups; none: all
	stages    []string // none: all
	short     bool
	misses    bool
	write     string // the page to write the tables into; "": none
}

func main() {
	var o options
	flag.StringVar(&o.corpus, "corpus", "", "folder of photographs; none: pictures are drawn")
	flag.IntVar(&o.originals, "originals", 90, "pictures that are posted again")
	forms := flag.String("forms", "", "only these forms or groups, by comma")
	only := flag.String("stage", "", "only these stages, by comma")
	flag.BoolVar(&o.short, "short", false, "few pictures: minutes become seconds, and rates coarse")
	flag.BoolVar(&o.misses, "misses", false, "name on standard error each file that was missed or raised wrongly")
	flag.StringVar(&o.write, "write", "", "page whose tables are replaced")
	flag.Parse()
	o.forms, o.stages = listed(*forms), listed(*only)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "detection:", err)
		os.Exit(1)
	}
}

func listed(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// run measures and prints; progress goes to tell.
func run(ctx context.Context, o options, out, tell io.Writer) error {
	started := time.Now()
	m, err := measure(ctx, o, tell)
	if err != nil {
		return err
	}
	m.spent = time.Since(started)
	fmt.Fprint(out, m.text())
	fmt.Fprint(out, m.figures())
	if o.write == "" {
		return nil
	}
	return writePage(o.write, m)
}

// measurement is a result and what it was made of.
type measurement struct {
	*result
	trials    []*trial
	originals int
	spent     time.Duration
}

// measure opens the albums, asks all questions and counts.
func measure(ctx context.Context, o options, tell io.Writer) (m *measurement, err error) {
	stages, err := chosenStages(o.stages)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "detection")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	albums, err := openAlbums(ctx, o, tell)
	if err != nil {
		return nil, err
	}
	m = &measurement{}
	for _, a := range albums {
		t, err := openTrial(ctx, a, stages, dir)
		if err != nil {
			return nil, err
		}
		m.trials = append(m.trials, t)
		defer func() { err = errors.Join(err, t.close()) }()
	}
	questions, err := m.questions(o)
	if err != nil {
		return nil, err
	}
	pool := albums[0].draw(60)
	k, err := newAsker(ctx, pool)
	if err != nil {
		return nil, err
	}
	looks := make([][]*look, len(questions))
	if err := each(ctx, len(questions), progress(tell, "pictures looked at"), func(i int) (err error) {
		looks[i], err = k.ask(ctx, questions[i])
		return err
	}); err != nil {
		return nil, err
	}
	all := slices.Concat(looks...)
	if o.misses {
		writeMisses(tell, stages, all)
	}
	m.result = count(stages, all)
	return m, nil
}

// progress writes a line for each tenth.
func progress(tell io.Writer, what string) func(done, all int) {
	return func(done, all int) {
		if done*10/all > (done-1)*10/all {
			fmt.Fprintf(tell, "%s: %d of %d\n", what, done, all)
		}
	}
}

func chosenStages(names []string) (chosen []stage, err error) {
	for _, s := range stages() {
		if len(names) == 0 || slices.Contains(names, s.name) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no stage is called %q", names)
	}
	return chosen, nil
}
