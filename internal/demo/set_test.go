package demo

import (
	"bytes"
	"testing"
)

func TestSetIsTheSameForTheSameSeed(t *testing.T) {
	a, b, other := Set(24, 7), Set(12, 7), Set(12, 8)
	for i := range b {
		if a[i].Name != b[i].Name || a[i].Kind != b[i].Kind || !bytes.Equal(a[i].JPEG, b[i].JPEG) {
			t.Errorf("picture %d of a small set is not picture %d of a large one", i, i)
		}
		if bytes.Equal(b[i].JPEG, other[i].JPEG) {
			t.Errorf("picture %d is the same under another seed", i)
		}
		if s, again := Stranger(i, 7), Stranger(i, 7); !bytes.Equal(s.JPEG, again.JPEG) {
			t.Errorf("stranger %d differs from itself", i)
		}
	}
	if got := Set(0, 1); len(got) != 0 {
		t.Errorf("Set(0) gave %d pictures", len(got))
	}
}

// The pictures must be good to judge by: rich, unlike each other, unlike
// strangers however turned.
func TestSetIsToldApart(t *testing.T) {
	set := Set(200, 1)
	turns, quality := make([][8]roughPDQ, len(set)), make([]int, len(set))
	each(len(set), func(i int) { turns[i], quality[i] = roughTurns(set[i].Image()) })
	kinds := map[string]int{}
	near, pairs := 0, 0
	for i, p := range set {
		kinds[p.Kind]++
		if quality[i] < 80 {
			t.Errorf("%s has quality %d, want >= 80", p.Name, quality[i])
		}
		for j := range i {
			d := 256
			for o := range 8 {
				d = min(d, turns[i][o].distance(turns[j][0]))
			}
			if p.Kind == "lane" && set[j].Kind == "lane" && cameraOf(i) == cameraOf(j) {
				if pairs++; d <= 45 {
					near++
				}
			} else if d <= 63 {
				t.Errorf("%s and %s are %d apart, want > 63", p.Name, set[j].Name, d)
			}
		}
	}
	if kinds["lane"] != 120 || kinds["plate"] != 80 {
		t.Errorf("kinds %v, want 120 lanes and 80 plates", kinds)
	}
	if near > pairs/100 {
		t.Errorf("%d of %d pairs of one camera are within 45 bits, want at most 1 %%", near, pairs)
	}
	const strangers = 112
	found := make([]int, strangers)
	each(strangers, func(k int) {
		s, _ := roughTurns(Stranger(k, 1).Image())
		found[k] = 256
		for i := range set {
			for o := range s {
				found[k] = min(found[k], s[o].distance(turns[i][0]))
			}
		}
	})
	for k, d := range found {
		if d <= 66 {
			t.Errorf("stranger %d (%s) is %d from the set, want > 66", k, Stranger(k, 1).Kind, d)
		}
	}
}

func cameraOf(i int) int { return (i/5*3 + i%5) % cameras }

func BenchmarkSet200(b *testing.B) {
	for b.Loop() {
		Set(200, 1)
	}
}

func BenchmarkStranger(b *testing.B) {
	i := 0
	for b.Loop() {
		Stranger(i, 1)
		i++
	}
}
