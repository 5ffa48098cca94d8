package container

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Part is one volume of a split archive. At is nil when it is missing; then a
// Size of 0 stands for that of the volume before it, or of the first.
type Part struct {
	Name string
	At   io.ReaderAt
	Size int64
}

// Join makes one source of the volumes of an archive, in their order. What lies
// in a missing one reads as the cause split; what does not is found.
func Join(name string, parts []Part) Source {
	parts = slices.Clone(parts)
	var whole int64
	for i, p := range parts {
		if p.At == nil && p.Size <= 0 {
			parts[i].Size = 0
			for _, other := range parts {
				if other.At != nil {
					parts[i].Size = other.Size
					break
				}
			}
		}
		whole += parts[i].Size
	}
	return Source{Name: name, At: &joined{parts}, Size: whole, Parts: parts}
}

// firstMissing says which volume is missing, the first of them; "": none.
func firstMissing(parts []Part) string {
	for _, p := range parts {
		if p.At == nil {
			return fmt.Sprintf("volume %s is missing", clean(cut(p.Name, 200)))
		}
	}
	return ""
}

// joined is the bytes of all volumes.
type joined struct{ parts []Part }

func (j *joined) ReadAt(p []byte, at int64) (int, error) {
	done := 0
	for _, part := range j.parts {
		if at >= part.Size {
			at -= part.Size
			continue
		}
		if done == len(p) {
			return done, nil
		}
		if part.At == nil {
			return done, fault("split", "volume %s is missing", clean(cut(part.Name, 200)))
		}
		want := p[done:min(len(p), done+int(min(part.Size-at, int64(len(p)))))]
		n, err := part.At.ReadAt(want, at)
		done += n
		if n < len(want) {
			if err == nil || err == io.EOF {
				err = fault("partial", "volume %s ends too early", clean(cut(part.Name, 200)))
			}
			return done, err
		}
		at = 0
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// VolumeSet is the volumes of one archive.
type VolumeSet struct {
	Name  string   // of the archive: what its volumes have in common
	Parts []string // names in their order; "" for one that is missing before others
}

// Volumes finds the names - or URLs or paths - that are volumes of split archives
// and puts together those of one: x.zip.001 and so on, x.part1.rar, x.rar with
// x.r00, x.z01 with x.zip. Whether more should follow, nobody can tell by names.
// Once maxMissing are missing, what misses more is no set.
func Volumes(names []string) []VolumeSet {
	type volume struct {
		name string
		n    int
	}
	sets := make(map[string][]volume)
	var order []string
	add := func(key, name string, n int) {
		if sets[key] == nil {
			order = append(order, key)
		}
		sets[key] = append(sets[key], volume{name, n})
	}
	for _, name := range names {
		if key, n := volumeOf(name); n > 0 {
			add(key, name, n)
		}
	}
	for _, name := range names { // the one that bears the name of the whole
		if _, n := volumeOf(name); n > 0 {
			continue
		}
		lower := lowered(name)
		switch key := lower + "\x00"; {
		case sets[key+"r"] != nil:
			add(key+"r", name, 1)
		case sets[key+"z"] != nil:
			add(key+"z", name, lastVolume)
		}
	}
	var all []VolumeSet
	missing := 0
	for _, key := range order {
		vols := sets[key]
		slices.SortStableFunc(vols, func(a, b volume) int { return cmp.Compare(a.n, b.n) })
		last := vols[len(vols)-1].n
		if last == lastVolume && len(vols) > 1 {
			last = vols[len(vols)-2].n
		}
		gaps := max(last-len(vols), 0)
		if missing+gaps > maxMissing {
			continue
		}
		missing += gaps
		set := VolumeSet{Name: wholeName(vols[0].name)}
		for i, v := range vols {
			if i > 0 && v.n == vols[i-1].n {
				continue // the same by another spelling
			}
			for v.n != lastVolume && len(set.Parts) < v.n-1 {
				set.Parts = append(set.Parts, "")
			}
			set.Parts = append(set.Parts, v.name)
		}
		all = append(all, set)
	}
	return all
}

// lastVolume is the number of the volume that is the last of however many.
const lastVolume = maxVolumes + 1

// maxVolumes bounds the number of a volume: a name must not make us write down a
// million that are missing.
const maxVolumes = 2000

// maxMissing bounds what all sets of one list miss.
const maxMissing = 200_000

// volumeOf takes the name of a volume apart: what all of its archive share, and
// its number from 1 on; 0 for a name that is not of one.
func volumeOf(name string) (key string, n int) {
	lower := lowered(name)
	base, ext, ok := cutLast(lower, ".")
	if !ok {
		return "", 0
	}
	switch {
	case len(ext) >= 3 && len(ext) <= 4 && allDigits(ext): // x.zip.001
		if _, kind, ok := cutLast(base, "."); ok && splitKinds(kind) {
			n, _ = strconv.Atoi(ext)
			key = base
		}
	case len(ext) == 3 && (ext[0] == 'r' || ext[0] == 's') && allDigits(ext[1:]): // x.r00 after x.rar, x.s00 after x.r99
		n, _ = strconv.Atoi(ext[1:])
		n += 2
		if ext[0] == 's' {
			n += 100
		}
		key = base + ".rar\x00r"
	case len(ext) >= 3 && len(ext) <= 4 && ext[0] == 'z' && allDigits(ext[1:]): // x.z01 before x.zip
		n, _ = strconv.Atoi(ext[1:])
		key = base + ".zip\x00z"
	case ext == "rar": // x.part1.rar
		rest, part, ok := cutLast(base, ".part")
		if ok && part != "" && len(part) <= 4 && allDigits(part) {
			n, _ = strconv.Atoi(part)
			key = rest + ".rar\x00p"
		}
	}
	if n > maxVolumes {
		return "", 0
	}
	return key, n
}

// wholeName is the name of the archive of a volume.
func wholeName(name string) string {
	base, ext, _ := cutLast(name, ".")
	switch lower := lowered(ext); {
	case allDigits(ext):
		return base
	case lower == "rar":
		if i := strings.LastIndex(lowered(base), ".part"); i >= 0 && allDigits(base[i+5:]) {
			base = base[:i]
		}
		return base + ".rar"
	case lower[0] == 'z':
		return base + ".zip"
	}
	return base + ".rar"
}

// lowered makes letters small, byte for byte: it keeps the length of what is not
// UTF-8 too.
func lowered(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func splitKinds(kind string) bool {
	switch kind {
	case "zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz", "txz", "zst", "docx", "pptx", "xlsx", "pdf":
		return true
	}
	return false
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// sniffVolume knows a later volume by its name alone: its bytes are those of the
// middle of something.
func sniffVolume(head []byte, name string) bool {
	_, n := volumeOf(bareName(name))
	picture := len(head) >= 4 && (string(head[:3]) == "\xFF\xD8\xFF" || string(head[:4]) == "\x89PNG")
	return n > 0 && !picture
}

func openVolume(*walk, *box) error {
	return fault("split", "one volume of several")
}
