package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leakwatch/internal/crawler"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The table of causes is that of the program, in its order, and each row says
// what to do.
func TestDocsHaveEveryCause(t *testing.T) {
	_, section, _ := strings.Cut(readDoc(t, "operations.md"), "\n## Causes\n")
	var rows []crawler.Cause
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (.+) \\| (.+) \\|$").FindAllStringSubmatch(section, -1) {
		rows = append(rows, crawler.Cause(m[1]))
	}
	if !slices.Equal(rows, crawler.Causes()) {
		t.Errorf("the table has the causes\n%v\nand the program\n%v", rows, crawler.Causes())
	}
}

// A limit in the docs is the default of its key.
func TestDocsHaveTheLimitsOfTheConfig(t *testing.T) {
	example, err := os.ReadFile("../../config.example.toml")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `\\[([a-z]+)\\] ([a-z_]+) = (.+?)` \\|").FindAllStringSubmatch(readDoc(t, "security.md"), -1)
	if len(rows) < 10 {
		t.Errorf("found %d limits in docs/security.md: is the table still there?", len(rows))
	}
	for _, m := range rows {
		_, section, _ := strings.Cut(string(example), "["+m[1]+"]")
		if !regexp.MustCompile(`(?m)^#?` + m[2] + ` = ` + regexp.QuoteMeta(m[3]) + `$`).MatchString(section) {
			t.Errorf("[%s] %s = %s is not what config.example.toml has", m[1], m[2], m[3])
		}
	}
}
