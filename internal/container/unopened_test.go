package container_test

import (
	"testing"

	"leakwatch/internal/container"
)

// What is known and not opened is counted with its name and size, wherever it
// lies; what only looks a little like it is a file.
func TestKnownAndNotOpened(t *testing.T) {
	b := zipOf(t, file{"a.cab", "MSCF\x00\x00\x00\x00rest"}, file{"b.iso", "\x00\x00"}, file{"c.gpg", "\x85\x01"}, file{"d.lzma", "\x5D\x00\x00\x80\x00"}, file{"e.bin", "\x60\xEA"}, file{"f.txt", "text"})
	all, report := walk(t, b, "x.zip", container.Options{})
	want := "a.cab 0 unsupported\nb.iso 0 unsupported\nc.gpg 0 encrypted\nd.lzma 0 unsupported\ne.bin 2 \nf.txt 4 \n"
	if got := lines(all); got != want || report.Members != 2 || all[0].Format != "cab" || all[0].Size != 12 {
		t.Errorf("told\n%sreport %+v, want\n%s", got, report, want)
	}
	for name, head := range map[string]string{"": "\xFF\xD8\xFF\xE0", "x.jpg": "plain", "page.iso": "<p>\r\n\tnot found</p>\n", "archive": "07 -lh5- 070701"} {
		if got := container.Sniff([]byte(head), name); got != "" {
			t.Errorf("%s %q is a %s", name, head, got)
		}
	}
}
