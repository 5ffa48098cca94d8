package container_test

import (
	"fmt"
	"strings"
	"testing"

	"leakwatch/internal/container"
)

// A long folder before many short names must not make a listing larger than all
// else that is held: what a name takes is counted, and the rest is cut off.
func TestListingsOfLongFolders(t *testing.T) {
	folder := strings.Repeat("f", 4000)
	torrent := func(files string) string {
		return fmt.Sprintf("d4:infod%s4:name%d:%s12:piece lengthi16384eee", files, len(folder), folder)
	}
	one := "d6:lengthi1e4:pathl1:aee"
	var leaves strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&leaves, "7:%07dd0:d6:lengthi1eee", i)
	}
	for name, body := range map[string]string{
		"torrent": torrent("5:filesl" + strings.Repeat(one, 200_000) + "e"),
		"tree":    fmt.Sprintf("d4:infod9:file treed%d:%sd%see4:name1:nee", len(folder), folder, leaves.String()),
		"ls -R":   "\n" + folder + ":\n" + strings.Repeat("a.jpg\n", 200_000),
		"tree -J": `[{"type":"directory","name":"` + folder + `","contents":[` + strings.Repeat(`{"name":"a","size":1},`, 200_000) + `{"name":"a","size":1}]}]`,
	} {
		g := newGauge()
		lines, format := container.Listing([]byte(body), "", "")
		g.look()
		if format == "" || len(lines) == 0 {
			t.Errorf("%s: %d lines of format %q", name, len(lines), format)
		}
		if g.rose() > 256 && !raceDetector {
			t.Errorf("%s: %d bytes took %.0f MiB", name, len(body), g.rose())
		}
		t.Logf("%s: %d lines, %.0f MiB", name, len(lines), g.rose())
	}
}
