package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"

	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
)

// files gives out the regular files at the paths, folders walked in lexical
// order. A link to a file is followed, a link to a folder inside a folder is
// not. What cannot be read is an error for its path; the rest goes on.
func files(paths []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, path := range paths {
			if !walk(path, yield) {
				return
			}
		}
	}
}

func walk(root string, yield func(string, error) bool) bool {
	info, err := os.Stat(root)
	if err != nil {
		return yield(root, err)
	}
	if !info.IsDir() {
		return yield(root, nil)
	}
	going := true
	_ = filepath.WalkDir(root+string(filepath.Separator), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			going = yield(path, err)
		case d.IsDir():
		case d.Type().IsRegular():
			going = yield(path, nil)
		case d.Type()&fs.ModeSymlink != 0:
			if target, err := os.Stat(path); err != nil || target.Mode().IsRegular() {
				going = yield(path, err)
			}
		}
		if !going {
			return filepath.SkipAll
		}
		return nil
	})
	return going
}

// inOrder applies fn to each thing on all cores and gives the results out in
// the order of the things. At most twice as many as cores are under way. When
// given is done the last thing given out is its error: a part never passes for
// the whole.
func inOrder[In, T any](given context.Context, things iter.Seq2[In, error], fn func(context.Context, In) (T, error)) iter.Seq2[T, error] {
	type result struct {
		v   T
		err error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(given)
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		queue := make(chan chan result, 2*runtime.GOMAXPROCS(0))
		defer func() {
			cancel()
			for one := range queue { // what is under way ends before we do
				<-one
			}
		}()
		go func() {
			defer close(queue)
			for thing, err := range things {
				one := make(chan result, 1)
				select {
				case queue <- one:
				case <-ctx.Done():
					return
				}
				if err != nil {
					one <- result{err: err}
					continue
				}
				slots <- struct{}{}
				go func() {
					v, err := fn(ctx, thing)
					<-slots
					one <- result{v, err}
				}()
			}
		}()
		for one := range queue {
			r := <-one
			if !yield(r.v, r.err) {
				return
			}
		}
		if err := given.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}
}

// fingerprints gives out those of all files at the paths, in their order, with
// the detail of a level: those of what is in an archive or a document before its
// own.
func fingerprints(ctx context.Context, paths []string, level string) iter.Seq2[inspect.Print, error] {
	decoder := picture.NewDecoder(picture.DefaultLimits())
	hash := &hashing{decoder: decoder, level: level}
	return inOrder(ctx, pieces(ctx, files(paths), hash), func(ctx context.Context, p piece) (inspect.Print, error) {
		return hash.print(ctx, p)
	})
}

// fingerprint reads the file at path and fingerprints it.
func fingerprint(ctx context.Context, path string, d *picture.Decoder, level string) (inspect.Print, error) {
	file, err := os.Open(path)
	if err != nil {
		return inspect.Print{}, err
	}
	defer file.Close()
	p, err := inspect.FingerprintFile(ctx, file, d, level)
	if err != nil {
		return p, fmt.Errorf("read %s: %w", path, err)
	}
	p.Path = filepath.ToSlash(path)
	return p, nil
}

// unreadable says which path could not be read and why, once for each.
func (c *cli) unreadable(err error) {
	var p *fs.PathError
	if errors.As(err, &p) {
		fmt.Fprintf(c.stderr, "leakwatch: %s: %s\n", printable(p.Path), printable(p.Err.Error()))
		return
	}
	fmt.Fprintln(c.stderr, "leakwatch:", printable(err.Error()))
}
