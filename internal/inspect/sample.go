package inspect

import (
	"fmt"
	"io"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
)

// sample looks at some members: pictures, evenly spread, and some texts. A
// container of which all fits into a sample is worked through.
func (o *opening) sample() error {
	if !container.Directory(o.format) || o.found.Container.At == nil {
		return o.front()
	}
	members, _, err := o.directory()
	if err != nil {
		return err
	}
	o.startOver()
	if !o.stated { // nothing can be chosen: what stands first is looked at
		return o.front()
	}
	chosen, left := choose(members, o.rules.sampleMembers, o.rules.sampleBytes, o.room.o.Sets.HasSelectors())
	if left == 0 {
		chosen = nil
	}
	if err := o.some(func(m container.Member) bool { return left == 0 || chosen[m.Index] }); err != nil {
		return err
	}
	o.out.Members = max(o.members, len(members))
	if o.out.Cause == "" && left > 0 {
		o.sampled(fmt.Sprintf("%d of %d members were chosen", len(chosen), len(members)))
	}
	return nil
}

// front takes what stands first in a container whose members cannot be chosen:
// it has no directory.
func (o *opening) front() error {
	err := o.some(nil)
	o.out.Members = o.members
	return err
}

// some walks through the members that only wants, until the sample is full.
func (o *opening) some(only func(container.Member) bool) error {
	full := false
	report, err := o.walk(container.Options{Only: only}, func(m container.Member, body io.Reader) error {
		if err := o.visit(m, body); err != nil {
			return err
		}
		if full = o.looked >= o.rules.sampleMembers || o.bytes >= o.rules.sampleBytes; full {
			return container.Enough
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.found.Slices = false // a sample has no next slice
	full = full && report.Next != 0
	if full {
		o.sampled(fmt.Sprintf("the first %d members that were looked at fill the sample", o.looked))
	}
	return o.end(report)
}

// sampled says that by setting not all was looked at.
func (o *opening) sampled(why string) {
	o.out.Containers.Sampled++
	o.skip("archives = \"sample\": " + why)
}

// choose picks the members of a sample by their index in the container, at most
// so many and so large, evenly spread; left is how many it leaves out. Texts take
// a quarter, where they are looked at.
func choose(members []container.Member, most int, bytes int64, texts bool) (chosen map[int]bool, left int) {
	var pictures, words []container.Member
	for _, m := range members {
		switch {
		case m.Cause != "" && m.Cause != string(crawler.BadPath):
		case PictureName(m.Name), containerName(m.Name):
			pictures = append(pictures, m)
		case texts && textName(m.Name):
			words = append(words, m)
		}
	}
	chosen = map[int]bool{}
	share := 1
	if len(words) > 0 && len(pictures) > 0 {
		share = 4
	}
	if len(words) > 0 {
		spread(words, max(most/share, 1), bytes/int64(share), chosen)
	}
	spread(pictures, max(most-len(chosen), 1), bytes-packed(words, chosen), chosen)
	return chosen, len(pictures) + len(words) - len(chosen)
}

// spread chooses evenly among members.
func spread(members []container.Member, most int, bytes int64, chosen map[int]bool) {
	for n := min(most, len(members)); n > 0; n = min(n-1, n*9/10) {
		pick := map[int]bool{}
		for i := range n {
			pick[members[i*len(members)/n].Index] = true
		}
		if packed(members, pick) <= bytes || n == 1 {
			for index := range pick {
				chosen[index] = true
			}
			return
		}
	}
}

// packed is how many bytes the chosen members take in the container.
func packed(members []container.Member, chosen map[int]bool) (sum int64) {
	for _, m := range members {
		if chosen[m.Index] {
			sum += max(m.Packed, 0)
		}
	}
	return sum
}
