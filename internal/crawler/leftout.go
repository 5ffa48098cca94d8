package crawler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leftOut counts what a page shows and a site's rules or a limit keep us from
// following. Nothing is left out in silence: it is told with the page.
type leftOut struct{ links, pictures map[Cause]int }

func (o leftOut) add(kind refKind, c Cause) {
	if kind == kindPicture {
		o.pictures[c]++
	} else {
		o.links[c]++
	}
}

// String is empty when nothing was left out.
func (o leftOut) String() string {
	all := maps.Clone(o.links)
	maps.Copy(all, o.pictures)
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(all)) {
		var what []string
		if n := o.links[c]; n > 0 {
			what = append(what, counted(n, "link"))
		}
		if n := o.pictures[c]; n > 0 {
			what = append(what, counted(n, "picture"))
		}
		parts = append(parts, strings.Join(what, " and ")+" "+string(c))
	}
	if len(parts) == 0 {
		return ""
	}
	return "left out: " + strings.Join(parts, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
