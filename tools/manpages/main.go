// Command manpages writes the manual of the command line from what the binary
// itself says: a page for each command from its --help, and leakwatch.toml(5)
// from its config example.
//
//	manpages BINARY DIR
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: manpages BINARY DIR")
		os.Exit(2)
	}
	run := func(args ...string) (string, error) {
		out, err := exec.Command(os.Args[1], args...).Output()
		if err != nil {
			return "", fmt.Errorf("run %s %s: %w", os.Args[1], strings.Join(args, " "), err)
		}
		return string(out), nil
	}
	if err := writePages(run, os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

// runner runs the program with arguments and returns its standard output.
type runner func(args ...string) (string, error)

// writePages writes all pages into a folder.
func writePages(run runner, dir string) error {
	pages := map[string]string{}
	if err := addCommand(run, pages, nil, "watch onion sites for pictures of an exposed data set"); err != nil {
		return err
	}
	example, err := run("config", "example")
	if err != nil {
		return err
	}
	pages["leakwatch.toml.5"] = configPage(example)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// addCommand adds the page of one command and of those below it.
func addCommand(run runner, pages map[string]string, path []string, short string) error {
	text, err := run(append(append([]string{}, path...), "--help")...)
	if err != nil {
		return err
	}
	h := parseHelp(text)
	name := pageName(path)
	pages[name+".1"] = h.page(name, short, path)
	for _, c := range h.commands {
		if c.name == "help" || c.name == "completion" {
			continue
		}
		if err := addCommand(run, pages, append(append([]string{}, path...), c.name), c.short); err != nil {
			return err
		}
	}
	return nil
}

func pageName(path []string) string { return strings.Join(append([]string{"leakwatch"}, path...), "-") }

// help is what cobra prints for --help, taken apart.
type help struct {
	about    string
	sections []helpSection // usage, flags, examples
	commands []command
}

type helpSection struct {
	title string
	lines []string
}

type command struct{ name, short string }

var (
	sectionLine = regexp.MustCompile(`^[A-Z][A-Za-z ]*:$`)
	commandLine = regexp.MustCompile(`^  ([a-z][a-z-]*)\s+(.*)$`)
)

func parseHelp(text string) help {
	var h help
	var about []string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case sectionLine.MatchString(line):
			h.sections = append(h.sections, helpSection{title: strings.TrimSuffix(line, ":")})
		case len(h.sections) == 0:
			about = append(about, line)
		case strings.HasPrefix(line, " "):
			last := &h.sections[len(h.sections)-1]
			last.lines = append(last.lines, line)
			if m := commandLine.FindStringSubmatch(line); m != nil && strings.HasSuffix(last.title, "Commands") {
				h.commands = append(h.commands, command{m[1], m[2]})
			}
		}
	}
	h.about = strings.TrimSpace(strings.Join(about, "\n"))
	return h
}

// page writes one command in the words of man(7).
func (h help) page(name, short string, path []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" leakwatch\n.SH NAME\n%s \\- %s\n", strings.ToUpper(roff(name)), roff(name), roff(short))
	for _, s := range h.sections {
		if s.title == "Usage" {
			verbatim(&b, "SYNOPSIS", s.lines)
		}
	}
	if h.about != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n")
		for _, line := range strings.Split(h.about, "\n") {
			if line == "" {
				line = ".PP"
			} else {
				line = roff(line)
			}
			fmt.Fprintln(&b, line)
		}
	}
	for _, s := range h.sections {
		if s.title != "Usage" {
			verbatim(&b, strings.ToUpper(s.title), s.lines)
		}
	}
	var also []string
	if len(path) > 0 {
		also = append(also, roff(pageName(path[:len(path)-1]))+"(1)")
	}
	for _, c := range h.commands {
		if c.name != "help" && c.name != "completion" {
			also = append(also, roff(pageName(append(append([]string{}, path...), c.name)))+"(1)")
		}
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(append(also, "leakwatch.toml(5)"), ",\n"))
	return b.String()
}

// configPage is the commented example as a manual page.
func configPage(example string) string {
	var b strings.Builder
	b.WriteString(".TH LEAKWATCH.TOML 5 \"\" leakwatch\n.SH NAME\nleakwatch.toml \\- configuration of leakwatch\n")
	b.WriteString(".SH DESCRIPTION\nThe file is /etc/leakwatch/config.toml, unless \\-\\-config names another.\nEvery key, with its default:\n")
	verbatim(&b, "KEYS", strings.Split(strings.TrimRight(example, "\n"), "\n"))
	b.WriteString(".SH SEE ALSO\nleakwatch(1)\n")
	return b.String()
}

func verbatim(b *strings.Builder, title string, lines []string) {
	fmt.Fprintf(b, ".SH %s\n.nf\n", title)
	for _, line := range lines {
		fmt.Fprintln(b, roff(line))
	}
	b.WriteString(".fi\n")
}

// roff escapes a line of text.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}
