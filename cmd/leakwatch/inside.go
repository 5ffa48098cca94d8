package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"leakwatch/internal/container"
)

// piece is a file, or a member of one, on its way to be hashed or compared.
type piece struct {
	path   string
	member string // "" for the file itself
	format string // of a container
	data   []byte // of a member that is looked at
	done   any    // what is known already of one that is not
	told   bool   // of a volume: its archive was told with another one

	stated     []container.Line // by a container
	cause, why string           // why it was not read, or not wholly
}

// reader says what is wanted of what is in a container.
type reader interface {
	// member takes one leaf; body is nil where it cannot be read. Without wanted
	// the piece is passed over.
	member(ctx context.Context, m container.Member, body io.Reader) (p piece, wanted bool, err error)
	// inner takes a container in the outermost one, behind its members.
	inner(m container.Member, stated []container.Line) (p piece, wanted bool)
}

// pieces gives out files, and before each that is a container what r wants of
// the members in it. Volumes of one archive are one container, told with the one
// that comes first.
func pieces(ctx context.Context, paths iter.Seq2[string, error], r reader) iter.Seq2[piece, error] {
	return func(yield func(piece, error) bool) {
		v := &volumes{}
		for path, err := range paths {
			if err != nil {
				if !yield(piece{}, err) {
					return
				}
				continue
			}
			if !open(ctx, path, v, r, yield) {
				return
			}
		}
	}
}

// open gives out the pieces of one file; false: no more is wanted.
func open(ctx context.Context, path string, v *volumes, r reader, yield func(piece, error) bool) bool {
	format, err := formatAt(path)
	if err != nil {
		return yield(piece{}, err)
	}
	parts, told := v.of(path)
	switch {
	case told:
		return yield(piece{path: path, told: true}, nil)
	case format == "" && len(parts) == 0:
		return yield(piece{path: path}, nil)
	}
	src, done, err := sourceAt(path, parts)
	if err != nil {
		return yield(piece{}, err)
	}
	defer done()
	whole, going, err := walkInto(ctx, src, r, func(p piece) bool {
		p.path = path
		return yield(p, nil)
	})
	if err != nil {
		return going && yield(piece{}, err)
	}
	whole.path = path
	return going && yield(whole, nil)
}

// formatAt is the format of the container at path, "" for any other file.
func formatAt(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return container.Sniff(head[:n], filepath.Base(path)), nil
}

// sourceAt opens the file at path, or the volumes of which it is one.
func sourceAt(path string, parts []string) (src container.Source, done func(), err error) {
	if len(parts) == 0 {
		parts = []string{path}
	}
	var opened []*os.File
	done = func() {
		for _, f := range opened {
			f.Close()
		}
	}
	var all []container.Part
	for i, name := range parts {
		if name == "" {
			all = append(all, container.Part{Name: fmt.Sprintf("%d of %d", i+1, len(parts))})
			continue
		}
		f, err := os.Open(name)
		if err != nil {
			done()
			return src, nil, err
		}
		opened = append(opened, f)
		info, err := f.Stat()
		if err != nil {
			done()
			return src, nil, err
		}
		all = append(all, container.Part{Name: filepath.Base(name), At: f, Size: info.Size()})
	}
	if len(all) == 1 {
		return container.Source{Name: all[0].Name, At: all[0].At, Size: all[0].Size}, done, nil
	}
	return container.Join(filepath.Base(path), all), done, nil
}

// walkInto gives out the pieces of what is in a container, and returns the one
// of the container itself.
func walkInto(ctx context.Context, src container.Source, r reader, give func(piece) bool) (whole piece, going bool, err error) {
	stated := map[string][]container.Line{}
	going = true
	report, err := container.Walk(ctx, src, container.Options{}, func(m container.Member, body io.Reader) error {
		var p piece
		var wanted bool
		var err error
		switch {
		case m.Dir:
		case m.Format != "":
			p, wanted = r.inner(m, takeLines(stated, m.Name+"!"))
		default:
			state(stated, m)
			p, wanted, err = r.member(ctx, m, body)
		}
		if err == nil && wanted {
			if going = give(p); !going {
				return container.Enough
			}
		}
		return err
	})
	return piece{format: report.Format, cause: report.Cause, why: report.Why, stated: takeLines(stated, "")}, going, err
}

// state takes a member into what its container states.
func state(stated map[string][]container.Line, m container.Member) {
	at := strings.LastIndexByte(m.Name, '!') + 1
	if prefix := m.Name[:at]; len(stated[prefix]) < container.MaxLines {
		stated[prefix] = append(stated[prefix], container.Line{Name: m.Name[at:], Size: m.Size, CRC32: m.CRC32, SHA1: m.SHA1, SHA256: m.SHA256})
	}
}

// takeLines removes what the container with this prefix states: all of it, for
// a name may hold a ! itself.
func takeLines(stated map[string][]container.Line, prefix string) (out []container.Line) {
	for other, lines := range stated {
		if strings.HasPrefix(other, prefix) {
			out = append(out, lines...)
			delete(stated, other)
		}
	}
	return out
}

// volumes finds the volumes of split archives in the folders that are walked.
type volumes struct {
	folder string
	sets   map[string]*set // by name of a volume
}

type set struct {
	parts []string // names; "" for what is missing
	told  bool
}

// of returns the volumes of the archive of which path is one, none if it is a
// whole file. Told says that they were returned before.
func (v *volumes) of(path string) (parts []string, told bool) {
	folder := filepath.Dir(path)
	if v.sets == nil || folder != v.folder {
		v.read(folder)
	}
	s := v.sets[filepath.Base(path)]
	if s == nil {
		return nil, false
	}
	for _, name := range s.parts {
		if name != "" {
			name = filepath.Join(folder, name)
		}
		parts = append(parts, name)
	}
	told, s.told = s.told, true
	return parts, told
}

func (v *volumes) read(folder string) {
	v.folder, v.sets = folder, map[string]*set{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // each file says so itself
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	for _, found := range container.Volumes(names) {
		s := &set{parts: found.Parts}
		for _, name := range found.Parts {
			if name != "" {
				v.sets[name] = s
			}
		}
	}
}
