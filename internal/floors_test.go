// Package internal holds no code: this test is the floor plan of the house.
// Imports run strictly down, never to a neighbour. A package that is not on
// the plan fails, and so does an import that its row of the second table does
// not allow.
package internal

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "leakwatch"

// floors says on which floor each package lives.
var floors = map[string]int{
	"cmd/leakwatch": 4, // wiring, config, one file per subcommand

	"internal/inspect": 3, // is this picture one of the leaked ones?
	"internal/web":     3, // the API, and the client that the CLI uses
	"internal/notify":  3, // outbox loop and channels
	"internal/assure":  3, // coverage

	"internal/crawler": 2, // frontier, visits, extraction, scope
	"internal/match":   2, // hash sets, index, verdicts
	"internal/alert":   2, // alerts, findings, sightings, reviews, outbox
	"internal/seen":    2, // fingerprints of every picture ever looked at

	"internal/tor":       1,
	"internal/kv":        1,
	"internal/phash":     1,
	"internal/picture":   1,
	"internal/container": 1, // which files hide in these bytes?
	"internal/demo":      1, // a world on loopback; tests of every room may use it

	"internal/tor/tornet": 1, // a private Tor network on loopback, for tests
}

// allowed says who may import what, and why.
var allowed = []struct {
	imported string // an import path or, with a trailing slash, all below it
	by       []string
	why      string
}{
	{"golang.org/x/net/proxy", []string{"internal/tor"}, "one way out of the building"},
	{"go.etcd.io/bbolt", []string{"internal/kv"}, "one place opens, checks and migrates the stores"},
	{"github.com/corona10/goimagehash", []string{"internal/phash"}, "its traps stay behind one guard"},
	{"golang.org/x/image/", []string{"internal/picture", "internal/demo", "internal/phash", "tools/detection"}, "strangers' pictures are decoded in one room; the tool makes its own"},
	{"github.com/deepteams/webp", []string{"tools/detection"}, "lossy WebP is written by the tool alone"},
	{"github.com/gen2brain/", []string{"internal/picture"}, "strangers' pictures are decoded in one room"},
	{"github.com/PuerkitoBio/goquery", []string{"internal/crawler"}, "pages are read in one room"},
	{"github.com/pelletier/go-toml/", []string{"cmd/leakwatch"}, "only the wiring reads the config"},
	{"github.com/spf13/cobra", []string{"cmd/leakwatch", "tools/manpages"}, "only the command line knows flags"},
	{"github.com/coreos/go-systemd/", []string{"cmd/leakwatch"}, "only the wiring talks to systemd"},
	{"leakwatch/internal/demo", []string{"cmd/leakwatch", "tools/detection"}, "a world for demo and tests, never part of the daemon's rooms"},
	{"leakwatch/internal/tor/tornet", nil, "tests only"},
}

// forbidden words stand in no file outside tor and demo, tests included.
var forbidden = []string{"net." + "Dial", "net." + "Lookup", "http." + "Get(", "http." + "DefaultClient", "http." + "DefaultTransport", "net." + "DefaultResolver"}

func mayDial(dir string) bool {
	return dir == "internal/tor" || dir == "internal/demo" || dir == "internal/tor/tornet"
}

// importOf is one import of one file.
type importOf struct {
	dir, imported string
	test          bool
}

// judge returns what is wrong with one import, or "".
func judge(i importOf) string {
	if rest, ok := strings.CutPrefix(i.imported, module+"/"); ok {
		from, known := floors[i.dir]
		to, planned := floors[rest]
		switch {
		case !known && !strings.HasPrefix(i.dir, "tools/"):
			return fmt.Sprintf("package %s is not on the floor plan", i.dir)
		case !planned:
			return fmt.Sprintf("%s imports %s, which is not on the floor plan", i.dir, rest)
		case rest == i.dir:
			return "" // an external test of the same package
		case i.test && to <= from:
			return "" // tests may stand on their own floor: demo, tornet
		case to >= from && known:
			return fmt.Sprintf("%s (floor %d) imports %s (floor %d): imports run strictly down", i.dir, from, rest, to)
		}
	}
	if i.test {
		return ""
	}
	for _, a := range allowed {
		if (i.imported == a.imported || strings.HasSuffix(a.imported, "/") && strings.HasPrefix(i.imported, a.imported)) && !slices.Contains(a.by, i.dir) {
			return fmt.Sprintf("%s imports %s: only %v may: %s", i.dir, i.imported, a.by, a.why)
		}
	}
	return ""
}

func TestFloors(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(rel))
		if _, ok := floors[dir]; !ok && dir != "internal" && !strings.HasPrefix(dir, "tools/") {
			t.Errorf("%s: package %s is not on the floor plan", rel, dir)
		}
		seen[dir] = true
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !mayDial(dir) {
			for _, word := range forbidden {
				if strings.Contains(string(source), word) {
					t.Errorf("%s: %s stands outside tor and demo", rel, word)
				}
			}
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if wrong := judge(importOf{dir, imported, strings.HasSuffix(name, "_test.go")}); wrong != "" {
				t.Errorf("%s: %s", rel, wrong)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range floors {
		if !seen[dir] {
			t.Errorf("%s is on the floor plan and has no code", dir)
		}
	}
}

// A plan that cannot fail proves nothing.
func TestFloorsCatchesPlantedImports(t *testing.T) {
	for _, planted := range []importOf{
		{"internal/crawler", "leakwatch/internal/match", false},  // sideways
		{"internal/tor", "leakwatch/internal/crawler", false},    // up
		{"internal/notify", "golang.org/x/net/proxy", false},     // a second way out
		{"internal/alert", "go.etcd.io/bbolt", false},            // a second opener
		{"internal/models", "leakwatch/internal/kv", false},      // not on the plan
		{"internal/web", "leakwatch/internal/demo", false},       // demo in a room
		{"internal/inspect", "leakwatch/internal/unknown", true}, // unknown, from a test
	} {
		if judge(planted) == "" {
			t.Errorf("%s importing %s was not caught", planted.dir, planted.imported)
		}
	}
}
