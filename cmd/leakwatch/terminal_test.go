package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode"

	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
)

// sampleRefs is a list with hostile refs for three photos of the world, all of
// which stand on the forum.
func sampleRefs(t *testing.T) string {
	t.Helper()
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	list := csv.NewWriter(&b)
	rows := [][]string{{"ref", "sha256", "pdq", "quality"}}
	decoder := picture.NewDecoder(picture.DefaultLimits())
	for i, ref := range []string{"=HYPERLINK(\u202e)", "-2+3", "@SUM(A1)"} {
		p, err := inspect.Fingerprint(t.Context(), w.photos[i].JPEG, decoder, "hashes")
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, []string{ref, p.SHA256, p.PDQ.String(), fmt.Sprint(*p.Quality)})
	}
	if err := list.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// obeyed finds a character that a terminal obeys, or that turns text round.
func obeyed(text string) (string, bool) {
	for line := range strings.Lines(text) {
		for _, r := range strings.TrimRight(line, "\r\n") {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
				return fmt.Sprintf("%U in %q", r, line), true
			}
		}
	}
	return "", false
}

// TestTerminal: whatever strangers write into pages, addresses, names and
// lists, no command prints a character that acts instead of showing.
func TestTerminal(t *testing.T) {
	if _, bad := obeyed(hostile); !bad {
		t.Fatal("the control: the hostile text itself must not pass")
	}
	for _, mode := range []string{"inprocess", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			s := newStation(t, sampleRefs(t))
			s.watchHostileServer()
			_, log, _ := s.run("run", "--once")
			if !strings.Contains(log, "level=DEBUG") {
				t.Error("the log does not say all it could")
			}
			if what, bad := obeyed(log); bad {
				t.Errorf("run --once logs %s", what)
			}
			if mode == "daemon" {
				s.daemon()
			}
			for _, link := range s.lines("site", "show", "hostile", "--links") {
				if !holds(link, "cause!=null") {
					t.Errorf("the hostile server was not asked: %v", link)
				}
			}
			s.nothingActs()
			s.csvIsSafe()
		})
	}
}

// hostileServer answers with hostile text wherever an answer has room for it.
// In a header, net/http refuses the controls that are one byte.
func hostileServer(out http.ResponseWriter, q *http.Request) {
	raw := func(answer string) {
		conn, _, err := http.NewResponseController(out).Hijack()
		if err == nil {
			fmt.Fprint(conn, answer)
			conn.Close()
		}
	}
	const wide = "\u009b31m\u202egnp"
	switch q.URL.Path {
	case "/":
		fmt.Fprint(out, `<img src=/type.jpg><img src=/moved.jpg><img src=/away.jpg><img src=/status.jpg><img src=/garbage.jpg><img src=/header.jpg><img src=/coding.jpg>`)
	case "/type.jpg":
		out.Header().Set("Content-Type", "image/"+wide)
		fmt.Fprint(out, hostile)
	case "/moved.jpg":
		out.Header().Set("Location", "/"+wide+".jpg")
		out.WriteHeader(http.StatusFound)
	case "/away.jpg":
		out.Header().Set("Location", "gopher://"+wide)
		out.WriteHeader(http.StatusFound)
	case "/coding.jpg":
		out.Header().Set("Content-Encoding", wide)
		fmt.Fprint(out, hostile)
	case "/status.jpg":
		raw("HTTP/1.1 404 " + hostile + " " + hostile + "\r\n\r\n")
	case "/garbage.jpg":
		raw(hostile + "\r\n\r\n")
	case "/header.jpg":
		raw("HTTP/1.1 200 OK\r\n" + hostile + ": " + hostile + "\r\n\r\n")
	default:
		http.Error(out, hostile, http.StatusTeapot)
	}
}

// watchHostileServer adds a site whose server is as bad as its pages, and
// makes the log say all.
func (s *station) watchHostileServer() {
	s.t.Helper()
	w, err := theWorld()
	if err != nil {
		s.t.Fatal(err)
	}
	onion := w.Handle("hostile", http.HandlerFunc(hostileServer))
	config := fmt.Sprintf("%s\n[[site]]\nname = \"hostile\"\nseeds = [\"http://%s/\"]\ndelay = \"0s\"\n[log]\nlevel = \"debug\"\n", w.config(s.dir), onion)
	if err := os.WriteFile("leakwatch.toml", []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// nothingActs runs all commands that may print what strangers wrote.
func (s *station) nothingActs() {
	s.t.Helper()
	id, _ := valueAt(s.lines("alert", "list")[0], "id")
	odd := "found/" + strings.ReplaceAll(hostile, "/", "") + "\n.jpg"
	if err := os.WriteFile(odd, []byte("no picture"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	rows := "ref,sha256," + hostile + "\n" + hostile + ",zz,\n"
	if err := os.WriteFile("bad.csv", []byte(rows), 0o600); err != nil {
		s.t.Fatal(err)
	}
	for _, args := range [][]string{
		{"alert", "review", id.(string), "--note", hostile, "--assignee", hostile}, {"alert", "show", id.(string)}, {"alert", "list"},
		{"alert", "list", "--site", hostile}, {"alert", "list", "--state", hostile}, {"alert", "show", hostile}, {"alert", "export"},
		{"alert", "export", "--format", "csv"}, {"alert", "export", "--format", hostile},
		{"site", "list"}, {"site", "show", "forum"}, {"site", "show", "forum", "--links"}, {"site", "show", "hostile", "--links"}, {"site", "show", "hostile"},
		{"site", "show", hostile}, {"coverage"}, {"coverage", "--unopened"},
		{"coverage", "--from", hostile}, {"hashset", "list"}, {"hashset", "show", "travellers"}, {"hashset", "export", "travellers"},
		{"hashset", "load", "bad", "bad.csv"}, {"hashset", "load", hostile, "bad.csv"}, {"hashset", "load", "bad", hostile},
		{"hash", "found", "dataset", hostile}, {"match", "found", "dataset", hostile}, {"--config", hostile, "config", "check"},
		{"--config", "bad.csv", "config", "check"}, {"--config", "bad.csv", "config", "show"}, {hostile}, {"alert", hostile}, {"--" + hostile},
		{"db", "backup", "nowhere/" + hostile},
		{"seen", "find", "found/mirror.jpg"}, {"seen", "find", hostile}, {"seen", "find", "http://" + hostile}, {"seen", "status"},
	} {
		for _, args := range [][]string{args, append(args, "--json")} {
			stdout, stderr, _ := s.run(args...)
			for stream, text := range map[string]string{"stdout": stdout, "stderr": stderr} {
				if what, bad := obeyed(text); bad {
					s.t.Errorf("leakwatch %q: %s has %s", args, stream, what)
				}
			}
		}
	}
	out := s.good("hash", "--json", odd)
	if !strings.Contains(out, `\u202e`) {
		s.t.Errorf("the name of a file is lost: %s", out)
	}
}

// csvIsSafe reads the export as a spreadsheet does.
func (s *station) csvIsSafe() {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.good("alert", "export", "--format", "csv"))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	guarded := 0
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				s.t.Errorf("a cell is a formula: %q", cell)
			}
			if strings.HasPrefix(cell, "'=") || strings.HasPrefix(cell, "'-") || strings.HasPrefix(cell, "'@") {
				guarded++
			}
		}
	}
	if len(rows) != 4 || guarded != 3 {
		s.t.Errorf("%d rows with %d guarded cells, want 4 with 3: %q", len(rows), guarded, rows)
	}
}
