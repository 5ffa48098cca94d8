package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

const exampleFile = "../../config.example.toml"

// The manual is complete: every key has a field, a meaning and a line in the
// example, every field and every line has a key, and the values are the code's.
func TestExampleFile(t *testing.T) {
	var made strings.Builder
	if err := writeExample(&made); err != nil {
		t.Fatal(err)
	}
	golden(t, exampleFile, made.String())

	text := made.String()
	defaults, problems := loadConfig(write(t, text), seedsForTests)
	if len(problems) > 0 {
		t.Errorf("the example as it stands: %v", problems)
	}
	want := defaultConfig()
	want.Include, want.folder, want.origins = []string{}, defaults.folder, defaults.origins
	if !reflect.DeepEqual(defaults, want) {
		t.Errorf("the example as it stands:\ngot  %+v\nwant %+v", defaults, want)
	}

	all := load(t, uncomment(text))
	site := defaultSite()
	site.Name, site.Seeds = all.Sites[0].Name, all.Sites[0].Seeds
	site.Include, site.Exclude, site.EmbedHosts, site.Tags = []Pattern{}, []Pattern{}, []string{}, []string{}
	if !reflect.DeepEqual(all.Sites, []SiteConfig{site}) {
		t.Errorf("the example's site:\ngot  %+v\nwant %+v", all.Sites, site)
	}
	var tree map[string]any
	if err := toml.Unmarshal([]byte(uncomment(text)), &tree); err != nil {
		t.Fatal(err)
	}
	for _, s := range schema() {
		checkSection(t, s, tree)
	}
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") && len(line) > 79 && strings.HasPrefix(line, "# ") {
			t.Errorf("line %d is too long: %s", i+1, line)
		}
	}
}

// uncomment takes the # from lines of TOML: prose has a blank after it.
func uncomment(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			lines[i] = line[1:]
		}
	}
	return strings.Join(lines, "\n")
}

// checkSection compares the keys of a section, of its struct and of the example.
func checkSection(t *testing.T, s section, tree map[string]any) {
	t.Helper()
	table := tree
	switch s.shape {
	case listTables:
		table = tree[s.name].([]any)[0].(map[string]any)
	case namedTables:
		table = tree[s.name].(map[string]any)["webhook"].(map[string]any)
	default:
		if s.name != "" {
			table = tree[s.name].(map[string]any)
		}
	}
	owner, _ := s.defaults()
	var fields, inExample []string
	for i := range reflect.TypeOf(owner).Elem().NumField() {
		f := reflect.TypeOf(owner).Elem().Field(i)
		name := f.Tag.Get("toml")
		isTable := s.name == "" && slices.ContainsFunc(schema(), func(other section) bool { return other.name == name })
		if name != "" && name != "-" && !isTable {
			fields = append(fields, name)
		}
	}
	for name, value := range table {
		if _, isTable := value.(map[string]any); !isTable && name != "site" {
			inExample = append(inExample, name)
		}
	}
	var keys []string
	for _, k := range s.keys {
		keys = append(keys, k.name)
		if k.meaning == "" {
			t.Errorf("%s %s has no meaning", s.title(), k.name)
		}
	}
	slices.Sort(keys)
	slices.Sort(fields)
	slices.Sort(inExample)
	if !slices.Equal(keys, fields) {
		t.Errorf("%s: schema has %v, the struct %v", s.title(), keys, fields)
	}
	if !slices.Equal(keys, inExample) {
		t.Errorf("%s: schema has %v, the example %v", s.title(), keys, inExample)
	}
}

// What config show prints is a config of the same meaning.
func TestShowRoundTrip(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	path := write(t, fullConfig)
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "hook.secret"), []byte("whsec_eA=="), 0o600); err != nil {
		t.Fatal(err)
	}
	c, problems := loadConfig(path, seedsForTests)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var shown strings.Builder
	if err := showConfig(&shown, c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.String(), "token") || strings.Contains(shown.String(), "T000") {
		t.Errorf("the URL of a receiver is shown:\n%s", &shown)
	}
	if want := "config.toml:12"; !strings.Contains(shown.String(), want) || !strings.Contains(shown.String(), "# default") {
		t.Errorf("no origin %q in:\n%s", want, &shown)
	}
	again := load(t, shown.String())
	var twice strings.Builder
	again.Notify[0].URL = c.Notify[0].URL
	again.origins = c.origins
	if err := showConfig(&twice, again); err != nil {
		t.Fatal(err)
	}
	if twice.String() != shown.String() {
		t.Errorf("shown, read and shown again:\ngot\n%s\nwant\n%s", &twice, &shown)
	}
}

func TestShowJSON(t *testing.T) {
	var out strings.Builder
	if err := showConfigJSON(&out, load(t, fullConfig)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tor    map[string]struct{ Value, Origin any }
		Site   []map[string]struct{ Value, Origin any }
		Notify map[string]map[string]struct{ Value, Origin any }
	}
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tor["connect_timeout"].Value != "90s" || got.Tor["first_contacts"].Origin != "default" ||
		len(got.Site) != 2 || got.Notify["webhook"]["url"].Value != "https://hooks.example.org/(hidden)" {
		t.Errorf("got %s", out.String())
	}
}

func TestRestartKeys(t *testing.T) {
	old := load(t, "")
	fresh := load(t, "[state]\nmax_size = \"1GiB\"\n[tor]\nsocks = \"127.0.0.1:9150\"\n"+
		"[crawl]\nworkers = 3\nheader_timeout = \"5s\"\nmax_header = \"1MiB\"\nmax_page = \"1MiB\"\n[log]\nlevel = \"debug\"\n")
	want := []string{"state.max_size", "tor.socks", "crawl.workers", "crawl.header_timeout", "crawl.max_header"}
	if got := keepRestartKeys(old, &fresh); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if fresh.State != old.State || fresh.Tor != old.Tor || fresh.Crawl.Workers != old.Crawl.Workers {
		t.Errorf("the config says %+v %+v, which is not in force", fresh.State, fresh.Tor)
	}
	if fresh.Log.Level != "debug" || fresh.Crawl.MaxPage != mib {
		t.Errorf("what a reload changes was put back: %+v %+v", fresh.Log, fresh.Crawl)
	}
}
