package match

import (
	"encoding/binary"
	"hash/maphash"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// stated is what the lines of a manifest are held against: sorted keys of the
// entries of a set. Names are held as hashes under a seed of this process: they
// may carry plates. It takes 8 bytes for each key that an entry has, 56 at most.
type stated struct {
	seed maphash.Seed

	entries int      // that some line can state
	sha1    []uint64 // first 8 bytes
	crc     []uint64 // of CRC-32 and size
	named   []uint64 // of name and size
	names   []uint64
	frames  []uint64 // of names with # for each digit
	sizes   []int64  // of the entries that have a name
	crcSize []int64  // of the entries that have a CRC-32
}

func (l *stated) memory() int64 {
	return 8 * int64(cap(l.sha1)+cap(l.crc)+cap(l.named)+cap(l.names)+cap(l.frames)+cap(l.sizes)+cap(l.crcSize))
}

// add takes the next entry. What is in quarantine counts by its digests alone.
func (l *stated) add(r *row, quarantined bool) {
	if l.seed == (maphash.Seed{}) {
		l.seed = maphash.MakeSeed()
	}
	states := r.sha256 != nil
	if r.sha1 != nil {
		l.sha1, states = append(l.sha1, binary.BigEndian.Uint64(r.sha1)), true
	}
	if quarantined {
		l.count(states)
		return
	}
	name := plainName(string(r.path))
	if r.crc32 != nil && r.size > 0 {
		l.crc, states = append(l.crc, l.crcKey(binary.BigEndian.Uint32(r.crc32), r.size)), true
		l.crcSize = append(l.crcSize, r.size)
	}
	if name != "" && !ofPrograms(name) {
		l.names, states = append(l.names, l.nameKey(name)), true
		l.frames = append(l.frames, l.frameKey(name))
		if r.size > 0 {
			l.named = append(l.named, l.namedKey(name, r.size))
			l.sizes = append(l.sizes, r.size)
		}
	}
	l.count(states)
}

func (l *stated) count(states bool) {
	if states {
		l.entries++
	}
}

func (l *stated) end() {
	for _, keys := range []*[]uint64{&l.sha1, &l.crc, &l.named, &l.names, &l.frames} {
		slices.Sort(*keys)
		*keys = fit(*keys)
	}
	slices.Sort(l.sizes)
	slices.Sort(l.crcSize)
	l.sizes, l.crcSize = fit(l.sizes), fit(l.crcSize)
}

func (l *stated) nameKey(name string) uint64 { return maphash.String(l.seed, name) }

func (l *stated) frameKey(name string) uint64 { return maphash.String(l.seed, nameFrame(name)) }

func (l *stated) namedKey(name string, size int64) uint64 {
	return mixed(maphash.String(l.seed, name), uint64(size))
}

func (l *stated) crcKey(crc uint32, size int64) uint64 {
	return mixed(uint64(crc), uint64(size))
}

// mixed spreads two numbers over 64 bits.
func mixed(a, b uint64) uint64 {
	h := (a ^ b*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
	h ^= h >> 31
	h = (h + b) * 0x94d049bb133111eb
	return h ^ h>>29
}

// plainName is the name by which files are compared: without its folders, which
// whoever packs a leak chooses, in one composition and in small letters.
func plainName(name string) string {
	name = name[strings.LastIndexAny(name, `/\!`)+1:]
	return norm.NFC.String(strings.ToLower(name))
}

// nameFrame is a name with # for each digit: names of one frame are made by
// counting, or by a clock.
func nameFrame(name string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return '#'
		}
		return r
	}, name)
}

// ofPrograms knows files that come with programs and pages, and are the same on
// the disks of strangers.
func ofPrograms(name string) bool {
	ext := path.Ext(name)
	switch ext {
	case ".js", ".css", ".map", ".ini", ".db", ".ds_store", ".dll", ".exe", ".sys", ".lnk", ".url", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".ico":
		return true
	}
	switch strings.TrimSuffix(name, ext) {
	case "license", "licence", "copying", "copyright", "notice", "patents", "authors", "contributing", "contributors", "changelog", "readme", "makefile", "security":
		return true
	}
	return false
}

// times is how often a key is among sorted ones.
func times[T int64 | uint64](sorted []T, k T) int {
	from, found := slices.BinarySearch(sorted, k)
	if !found {
		return 0
	}
	to, _ := slices.BinarySearch(sorted[from:], k+1)
	return to
}
