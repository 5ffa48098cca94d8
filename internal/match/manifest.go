package match

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"leakwatch/internal/container"
)

// ManifestHit says that a manifest states what a set holds. Agree of Of lines
// state an entry; Count is how many entries of the set can be stated so. Rule
// says in words why the lines are no coincidence.
type ManifestHit struct {
	Set        string
	SetVersion int
	Agree      int
	Of         int
	Count      int
	Rule       string
}

// The rule of manifests. A line agrees with an entry in the strongest of these
// ways, each entry once:
//
//   - by SHA-256 or SHA-1;
//   - by CRC-32 and size;
//   - by name and size, folders apart;
//   - by name alone, where the manifest states no size.
//
// Files without content agree with nobody, and what comes with programs does so
// by digest alone. The lines of a way count when they are more than chance
// gives. Chance is, for each line that could agree, how probable it is that a
// stranger's file would: of a CRC-32, 1 in 2^32 for each entry of that size; of
// a size under a name of the set, how dense the sizes of the set and of the
// manifest lie there, so that frames of raw pixels, all of one size, prove
// nothing; of a name, how many of the names that its digits can count are in
// the set, so that IMG_0001.JPG proves nothing. A chance below the limit, and
// ten times what chance gives, make an alert: of one line by digest or CRC-32,
// of three by name and size, of twenty by name, which must be half of all.
const (
	chanceLimit = 1e-7 // that strangers' lines agree as often
	overChance  = 10   // times as often as chance gives: strangers' names come in runs

	minTiny  = 512 // bytes; smaller files are the same in many places
	minNamed = 3
	minNames = 20
)

// HasManifests reports whether some set holds entries that a line of a manifest
// can state.
func (s *Sets) HasManifests() bool {
	return slices.ContainsFunc(s.now.Load().segments, func(seg *segment) bool { return seg.stated.entries > 0 })
}

// Manifest returns the sets whose entries enough of the lines state, by set;
// only what is worth an alert.
func (s *Sets) Manifest(lines []container.Line) []ManifestHit {
	var hits []ManifestHit
	v := s.now.Load()
	m := newManifest(lines)
	for _, seg := range v.segments {
		if seg.stated.entries > 0 {
			if hit, raised := seg.manifestHit(m); raised {
				hits = append(hits, hit)
			}
		}
	}
	return hits
}

// manifest is a list of lines made ready for all sets.
type manifest struct {
	lines []container.Line
	names []string // of each line; "" for none
	sizes []int64  // of all files that have one, each once, sorted
	of    int      // lines of files
	bare  int      // lines with a name and no size
}

func newManifest(lines []container.Line) *manifest {
	m := &manifest{lines: lines, names: make([]string, len(lines))}
	type file struct {
		name string
		size int64
	}
	told := map[file]bool{}
	for i := range lines {
		l := &lines[i]
		if folder(l) {
			continue
		}
		m.of++
		if name := plainName(l.Name); !ofPrograms(name) {
			m.names[i] = name
		}
		if f := (file{m.names[i], l.Size}); l.Size > 0 && !told[f] {
			told[f] = f.name != ""
			m.sizes = append(m.sizes, l.Size)
		} else if l.Size < 0 && m.names[i] != "" {
			m.bare++
		}
	}
	slices.Sort(m.sizes)
	return m
}

// folder reports whether a line is no file's.
func folder(l *container.Line) bool {
	return l.Name != "" && (l.Name[len(l.Name)-1] == '/' || l.Name[len(l.Name)-1] == '\\')
}

// agreement is one of the ways to agree.
type agreement struct {
	agree  int
	chance float64 // how many lines of strangers would agree
}

// more reports whether lines agree oftener than chance would have it.
func (a *agreement) more(least int) bool {
	return a.agree >= least && float64(a.agree) >= overChance*a.chance && poissonTail(a.chance, a.agree) <= chanceLimit
}

// poissonTail is the chance of n or more where mean are expected (Poisson).
func poissonTail(mean float64, n int) float64 {
	if mean <= 0 {
		return 0
	}
	log, _ := math.Lgamma(float64(n) + 1)
	first := math.Exp(float64(n)*math.Log(mean) - mean - log) // that of exactly n
	sum, term := first, first
	for k := n + 1; k < n+1000 && term > sum*1e-12; k++ {
		term *= mean / float64(k)
		sum += term
	}
	return sum
}

// manifestHit holds one manifest against one set.
func (s *segment) manifestHit(m *manifest) (hit ManifestHit, raised bool) {
	t := comparison{seg: s, m: m, taken: map[uint64]int{}}
	for i := range m.lines {
		if !folder(&m.lines[i]) {
			t.line(&m.lines[i], m.names[i])
		}
	}
	hit = ManifestHit{Set: s.record.Set.Name, SetVersion: s.record.Set.Version, Of: m.of, Count: s.stated.entries}
	for _, by := range []struct {
		way    agreement
		counts bool
		name   string
	}{
		{t.digest, t.weighty > 0, "digest"},
		{t.crc, t.crc.more(1), "CRC-32 and size"},
		{t.named, t.named.more(minNamed), "name and size"},
		{t.names, t.names.more(minNames) && 2*t.names.agree >= m.bare, "name alone"},
	} {
		if !by.counts {
			continue
		}
		if hit.Agree > 0 {
			hit.Rule += ", "
		}
		hit.Agree += by.way.agree
		hit.Rule += fmt.Sprintf("%d by %s", by.way.agree, by.name)
		if by.way.chance > 0 {
			hit.Rule += fmt.Sprintf(" (by chance: %.1g)", by.way.chance)
		}
	}
	return hit, hit.Agree > 0
}

// comparison counts how the lines of a manifest agree with a set.
type comparison struct {
	seg   *segment
	m     *manifest
	taken map[uint64]int // entries of a key that lines have used up

	digest, crc, named, names agreement
	weighty                   int // lines by digest of files that are not tiny
}

// take uses up one of the n entries of a key.
func (t *comparison) take(kind, key uint64, n int) bool {
	if n == 0 {
		return false
	}
	key = mixed(key, kind)
	if t.taken[key] >= n {
		return false
	}
	t.taken[key]++
	return true
}

// line counts one line by the strongest way in which it agrees. The chances of
// the other ways are added up too: they are the line's, however it agrees.
func (t *comparison) line(l *container.Line, name string) {
	set := &t.seg.stated
	if l.Size == 0 {
		return
	}
	done := t.byDigest(l)
	if l.CRC32 != nil && *l.CRC32 != 0 && l.Size >= minTiny { // 0: not known
		if n := times(set.crcSize, l.Size); n > 0 {
			t.crc.chance += float64(n) / (1 << 32)
			k := set.crcKey(*l.CRC32, l.Size)
			if !done && t.take(3, k, times(set.crc, k)) {
				t.crc.agree++
				done = true
			}
		}
	}
	if name == "" {
		return
	}
	n := times(set.names, set.nameKey(name))
	switch {
	case n == 0:
	case l.Size < 0:
		t.names.chance += set.counted(name)
		if !done && t.take(5, set.nameKey(name), n) {
			t.names.agree++
		}
	default:
		t.named.chance += min(1, float64(n)*t.sizeChance(l.Size))
		k := set.namedKey(name, l.Size)
		if !done && t.take(4, k, times(set.named, k)) {
			t.named.agree++
		}
	}
}

func (t *comparison) byDigest(l *container.Line) bool {
	const emptySHA256, emptySHA1 = 0xe3b0c44298fc1c14, 0xda39a3ee5e6b4b0d
	for _, d := range []struct {
		kind, empty uint64
		sum         []byte
		bytes       int
		keys        []uint64
	}{{1, emptySHA256, l.SHA256, 32, t.seg.shaPrefix}, {2, emptySHA1, l.SHA1, 20, t.seg.stated.sha1}} {
		if len(d.sum) != d.bytes {
			continue
		}
		if k := binary.BigEndian.Uint64(d.sum); k != d.empty && t.take(d.kind, k, times(d.keys, k)) {
			t.digest.agree++
			if l.Size < 0 || l.Size >= minTiny {
				t.weighty++
			}
			return true
		}
	}
	return false
}

// sizeChance is how probable it is that a stranger's file has this size: by its
// magnitude, and by how dense the sizes of the set and of the manifest lie
// around it, this one apart.
func (t *comparison) sizeChance(size int64) float64 {
	p := 4 / float64(size)
	for _, sizes := range [][]int64{t.seg.stated.sizes, t.m.sizes} {
		if len(sizes) == 0 {
			continue
		}
		n := float64(len(sizes))
		p = max(p, float64(times(sizes, size)-1)/n)
		width := max(8, size/256)
		from, _ := slices.BinarySearch(sizes, size-width)
		to, _ := slices.BinarySearch(sizes, size+width+1)
		p = max(p, float64(to-from-1)/n/float64(2*width+1))
	}
	return p
}

// counted is how probable it is that a stranger's file of this frame has a name
// of the set. Counters and clocks run in a part of what their digits can say:
// half of the digits are taken to be the same anyway.
func (l *stated) counted(name string) float64 {
	digits := 0
	for i := range len(name) {
		if '0' <= name[i] && name[i] <= '9' {
			digits++
		}
	}
	return min(1, float64(times(l.frames, l.frameKey(name)))/math.Pow(10, float64(digits)/2))
}
