package main

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/tor"
)

var update = flag.Bool("update", false, "write golden files and config.example.toml")

// seedsForTests stands for tor.Check, with its codes.
func seedsForTests(u *url.URL, clearnet bool) error {
	host := u.Hostname()
	refuse := func(code string) error { return &tor.Error{Code: code, Host: host} }
	switch {
	case host == "localhost" || strings.HasPrefix(host, "127."):
		return refuse("refused_local")
	case u.Port() != "":
		return refuse("refused_port")
	case strings.HasSuffix(host, ".onion") && len(host) != 62:
		return refuse("onion_bad_address")
	case !strings.HasSuffix(host, ".onion") && !clearnet:
		return refuse("refused_clearnet")
	}
	return nil
}

// golden compares with a file beside the input, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

// One file per mistake, with its message beside it.
func TestConfigMistakes(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	files, err := filepath.Glob("testdata/config/*.toml")
	if err != nil || len(files) < 30 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			_, problems := loadConfig(file, seedsForTests)
			if len(problems) == 0 {
				t.Error("no problem was found")
			}
			var got strings.Builder
			for _, p := range problems {
				got.WriteString(strings.TrimPrefix(p.String(), "testdata/config/") + "\n")
				if p.Hint == "" || p.Line < 1 || p.Column < 1 {
					t.Errorf("%v: every problem has a place and a hint", p)
				}
			}
			golden(t, strings.TrimSuffix(file, ".toml")+".want", got.String())
		})
	}
}

// write puts a config into a folder of its own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a config that must be sound.
func load(t *testing.T, text string) Config {
	t.Helper()
	config, problems := loadConfig(write(t, text), seedsForTests)
	for _, p := range problems {
		t.Error(p)
	}
	return config
}

const fullConfig = `
include = ["sites.d/*.toml"]

[state]
dir = "memory"
max_size = "1.5TiB"

[log]
level = "debug"

[tor]
socks = "unix:/run/tor/socks"
connect_timeout = "1m30s"

[match]
max_distance = 31

[web]
listen = "[::1]:0"

[[site]]
name = "a-forum"
seeds = ["http://exampleforleakwatchonlythereisnosuchonionsitexxxxxx4cfqd.onion/board/"]
scope = "path"
include = ['/board/.*\.html$']
tags = ["it's", 'a \ b', "naïve"]
interval = "30d"
delay = "0.5s"

[[site]]
name = "paste"
clearnet = true
seeds = ["https://example.org/"]

[notify.webhook]
url = "https://hooks.example.org/T000/secret?token=x"
secret_file = "hook.secret"
sites = ["paste"]

[notify.tell]
kind = "command"
argv = ["/usr/bin/logger", "-t", "leak watch"]

[notify.file]
path = "notices.jsonl"
`

func TestConfigValues(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	path := write(t, fullConfig)
	folder := filepath.Dir(path)
	c, problems := loadConfig(path, seedsForTests)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, row := range []struct {
		key       string
		got, want any
	}{
		{"state.dir", c.State.Dir, filepath.Join(folder, "memory")},
		{"state.max_size", c.State.MaxSize, 1536 * gib},
		{"tor.socks", c.Tor.Socks, "unix:/run/tor/socks"},
		{"tor.connect_timeout", time.Duration(c.Tor.ConnectTimeout), 90 * time.Second},
		{"tor.first_contacts is the default", c.Tor.FirstContacts, 8},
		{"match.copy_distance is capped", c.Match.CopyDistance, 31},
		{"sites", len(c.Sites), 2},
		{"site.include", regexps(c.Sites[0].Include)[0].MatchString("/board/x.html"), true},
		{"site.max_interval is raised", c.Sites[0].MaxInterval, c.Sites[0].Interval},
		{"site.delay", time.Duration(c.Sites[0].Delay), 500 * time.Millisecond},
		{"site.interval is the default", time.Duration(c.Sites[1].Interval), time.Hour},
		{"notify in the order of the file", []string{c.Notify[0].Name, c.Notify[1].Name, c.Notify[2].Name}, []string{"webhook", "tell", "file"}},
		{"notify.webhook.kind", c.Notify[0].Kind, "webhook"},
		{"notify.webhook.secret_file", c.Notify[0].SecretFile, filepath.Join(folder, "hook.secret")},
		{"notify.tell.argv", c.Notify[1].Argv, []string{"/usr/bin/logger", "-t", "leak watch"}},
		{"notify.file.path", c.Notify[2].Path, filepath.Join(folder, "notices.jsonl")},
	} {
		if !reflect.DeepEqual(row.got, row.want) {
			t.Errorf("%s: got %v, want %v", row.key, row.got, row.want)
		}
	}
}

// The defaults that scripts rely on, spelled out once more.
func TestConfigDefaults(t *testing.T) {
	c := load(t, `
[[site]]
name = "s"
seeds = ["http://exampleforleakwatchonlythereisnosuchonionsitexxxxxx4cfqd.onion/"]
`)
	c.folder, c.origins = "", nil
	var got strings.Builder
	if err := showConfig(&got, c); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/defaults.want", got.String())
}

// A bare name may be a credential that only the unit has; a path is no credential.
func TestConfigSecretPath(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	for secret, want := range map[string]int{"hook": 0, "./hook": 1, "secrets/hook": 1, "/nonexistent/hook": 1} {
		path := write(t, "[notify.webhook]\nurl = \"https://hooks.example.org/\"\nsecret_file = \""+secret+"\"\n")
		if _, problems := loadConfig(path, seedsForTests); len(problems) != want {
			t.Errorf("secret_file %q is not there: got %v, want %d problems", secret, problems, want)
		}
	}
}

func TestConfigCredentials(t *testing.T) {
	credentials := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	path := write(t, "[notify.webhook]\nurl = \"https://hooks.example.org/\"\nsecret_file = \"hook\"\n")
	if _, problems := loadConfig(path, seedsForTests); len(problems) != 1 || problems[0].Key != "notify.webhook.secret_file" {
		t.Errorf("credential that is not there: got %v, want one problem of secret_file", problems)
	}
	secret := filepath.Join(credentials, "hook")
	if err := os.WriteFile(secret, []byte("whsec_eA=="), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := loadConfig(path, seedsForTests)
	if len(problems) > 0 || c.Notify[0].SecretFile != secret {
		t.Errorf("got %q and %v, want %q", c.Notify[0].SecretFile, problems, secret)
	}
}

func TestConfigIncludes(t *testing.T) {
	path := write(t, "include = [\"sites.d/*.toml\", \"sites.d/b.toml\"]\n")
	folder := filepath.Join(filepath.Dir(path), "sites.d")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b", "a"} {
		text := "[[site]]\nname = \"" + name + "\"\nclearnet = true\nseeds = [\"https://example.org/\"]\n"
		if err := os.WriteFile(filepath.Join(folder, name+".toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, problems := loadConfig(path, seedsForTests)
	if len(problems) > 0 || len(c.Sites) != 2 || c.Sites[0].Name != "a" || c.Sites[1].Name != "b" {
		t.Errorf("got %v and %v, want the sites a and b", c.Sites, problems)
	}
	if got, want := c.originOf("site[1]", "name"), filepath.Join(folder, "b.toml")+":2"; got != want {
		t.Errorf("origin: got %q, want %q", got, want)
	}
}

func TestConfigFileMissing(t *testing.T) {
	_, problems := loadConfig(filepath.Join(t.TempDir(), "config.toml"), seedsForTests)
	if len(problems) != 1 || problems[0].Line != 1 || !strings.Contains(problems[0].Problem, "no such file") {
		t.Errorf("got %v, want one problem on line 1", problems)
	}
}

func TestProblemJSON(t *testing.T) {
	got, err := json.Marshal(Problem{File: "c.toml", Line: 3, Column: 1, Problem: "not TOML"})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"key":null,"line":3,"column":1,"problem":"not TOML","hint":null,"file":"c.toml"}`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
