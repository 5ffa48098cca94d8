package inspect

import (
	"cmp"
	"slices"

	"leakwatch/internal/container"
)

// noteEvery is how many pictures of a container are remembered in one go.
const noteEvery = 200

// noting is a manifest that is to be remembered.
type noting struct {
	member, format string // of the container that states the lines
	lines          []container.Line
}

// memory is that of the room, or none.
func (o *opening) memory() Memory {
	if o.quiet {
		return nil
	}
	return o.room.o.Memory
}

// remember keeps a picture in a container in mind, until keep.
func (o *opening) remember(m container.Member, s *Seen, again bool) error {
	if o.memory() == nil {
		return nil
	}
	p := placeOf(o.found)
	p.Member = m.Name
	if o.noted = append(o.noted, s.kept(p, o.found.At, again)); len(o.noted) < noteEvery {
		return nil
	}
	return o.keep()
}

// rememberLines keeps a manifest in mind, until keep. What a document is made of
// inside of another container says nothing: only archives do there.
func (o *opening) rememberLines(member, format string, lines []container.Line) {
	if o.memory() == nil || member != "" && !archive(format) {
		return
	}
	o.notings = append(o.notings, noting{member, format, slices.Clone(lines)})
}

// archive reports whether a format is there to hold files.
func archive(format string) bool {
	return slices.Contains([]string{"zip", "tar", "7z", "rar", "gzip", "bzip2", "xz", "zstd", "torrent"}, format)
}

// keep raises what is to be raised, and then remembers what was looked at.
func (o *opening) keep() error {
	if err := o.flush(); err != nil {
		return err
	}
	for i := range o.noted {
		o.noted[i].Container = o.format // which may be known late
	}
	if err := o.room.note(o.ctx, o.noted...); err != nil {
		return err
	}
	for _, n := range o.notings {
		p := placeOf(o.found)
		if p.Container, p.Member = o.format, n.member; p.Member == "" {
			p.Container = cmp.Or(n.format, o.format)
		}
		if err := o.room.noteLines(o.ctx, p, o.found.At, n.lines); err != nil {
			return err
		}
	}
	o.noted, o.notings = nil, nil
	return nil
}
