package crawler

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func fullLink() link {
	return link{
		site: 7, key: linkKey{1, 2}, host: 300, url: "http://example.onion/a", kind: kindPicture, lane: laneStill,
		depth: 3, hops: 1, seed: true, foundOn: linkKey{3}, target: linkKey{4}, due: 1_800_000_000_123, last: 1_700_000_000_000,
		interval: 90 * time.Minute, tries: 4, cause: LimitPage, why: "more than 5 bytes", content: contentPicture, inline: true,
		known: LowQuality, sight: 1 << 63, digest: [32]byte{5}, text: [32]byte{6}, etag: `"x"`, modified: "yesterday",
		next: 70_000, lines: 1_700_000_000_000,
	}
}

func TestLinkRecord(t *testing.T) {
	fresh := link{site: 7, key: linkKey{1, 2}, host: 1, url: "http://example.onion/", kind: kindPage, lane: laneFresh, due: 5, foundOn: linkKey{9}}
	for _, want := range []link{fullLink(), fresh} {
		got, err := decodeLink(want.site, want.key, want.encode())
		if err != nil || got != want {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
	if n := len(fresh.encode()); n > 40+len(fresh.url) {
		t.Errorf("a fresh link takes %d bytes besides its URL", n-len(fresh.url))
	}
}

func TestKeyKeepsFoldersTogether(t *testing.T) {
	a, b, c := keyOf("http://h/x/1"), keyOf("http://h/x/2?q=/y/"), keyOf("http://h/y/1")
	if !bytes.Equal(a[:4], b[:4]) || bytes.Equal(a[:4], c[:4]) || a == b {
		t.Errorf("keys are %x %x %x, want the first two to begin alike and no other", a, b, c)
	}
}

func TestClip(t *testing.T) {
	if got := clip(strings.Repeat("ä", 10), 5); got != "ää" {
		t.Errorf("got %q, want whole characters", got)
	}
}

// A damaged record is an error or a record, never a panic; what is read is
// written the same way.
func FuzzRecords(f *testing.F) {
	full, t := fullLink(), tally{causes: map[Cause]int{OK: 3, HTTP404: 1}, containers: Containers{Opened: 1, NotOpened: 2}, members: 300, pictures: Pictures{Known: 2}, bytes: 99}
	f.Add(full.encode())
	f.Add((&linesOf{lines: []line{{url: "u", Unopened: Unopened{Container: "zip", Member: "a!b", Size: -1, Cause: Encrypted, Why: "w"}}}}).encode())
	f.Add(t.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := decodeLink(1, linkKey{}, b); err == nil {
			l.interval = l.interval.Truncate(time.Millisecond)
			again, err := decodeLink(1, linkKey{}, l.encode())
			if err != nil || len(l.why) <= maxWhy && again != l {
				t.Errorf("link %+v came back as %+v, %v", l, again, err)
			}
		}
		if lines, err := decodeLines(b); err == nil {
			again, err := decodeLines(lines.encode())
			if err != nil || len(again.lines) != len(lines.lines) || again.more != max(lines.more, 0) {
				t.Errorf("%d lines and %d came back as %d and %d, %v", len(lines.lines), lines.more, len(again.lines), again.more, err)
			}
		}
		if n, err := decodeTally(b); err == nil {
			if again, err := decodeTally(n.encode()); err != nil || again.pictures != n.pictures || again.containers != n.containers || again.members != n.members {
				t.Errorf("tally %+v came back as %+v, %v", n, again, err)
			}
		}
	})
}
