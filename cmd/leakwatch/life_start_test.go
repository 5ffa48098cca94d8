package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leakwatch/internal/demo"
)

// drawnFiles is a folder with a drawn picture in each format that can be
// written here.
func drawnFiles(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, file := range lifeForms() {
		if err := os.WriteFile(filepath.Join(folder, name), file, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// lifeForms are files by name.
var lifeForms = sync.OnceValue(func() map[string][]byte {
	files, photo := map[string][]byte{}, lifePhotos()[0].Image()
	for form, name := range map[string]string{"jpeg-q30": "a.jpg", "png": "b.png", "gif": "c.gif", "bmp": "d.bmp", "tiff": "e.tiff", "exif-orientation": "f.jpg"} {
		file, _, err := demo.Edit(photo, form)
		if err != nil {
			panic(err)
		}
		files[name] = file
	}
	if releaseTags != "" {
		// One of the drawn pictures, encoded by libavif.
		file, err := os.ReadFile("testdata/drawn.avif")
		if err != nil {
			panic(err)
		}
		files["g.avif"] = file
	}
	return files
})

// quietHome is a home whose one site has nothing to say.
func quietHome(t *testing.T) lifeHome {
	t.Helper()
	world := lifeWorld(t)
	return newLifeHome(t, world.Socks(), lifeSite("quiet", world.Handle("quiet", http.NotFoundHandler()), ""))
}

// refused starts a daemon that must not start, and returns what it says.
func refused(t *testing.T, home lifeHome, code int, words ...string) {
	t.Helper()
	d := lifeStart(t, home, nil)
	if got := d.exit(t, 10*time.Second); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	for _, word := range words {
		if !strings.Contains(d.log.String(), word) {
			t.Errorf("it does not say %q:\n%s", word, d.log)
		}
	}
}

func TestLifeSocket(t *testing.T) {
	t.Parallel()
	home := quietHome(t)
	first := lifeServe(t, home, nil)
	refused(t, home, exitTryAgain, "state.db", "in use by another process", "hint: another leakwatch holds the store")
	if err := first.client.Alive(t.Context()); err != nil {
		t.Errorf("the second daemon took the socket of the first: %v", err)
	}
	first.kill()
	if info, err := os.Lstat(home.socket); err != nil || info.Mode().Type() != fs.ModeSocket {
		t.Fatalf("control: kill -9 leaves no socket behind: %v", err)
	}
	if said := home.cli(t, "site", "list"); said.code != 0 {
		t.Errorf("site list beside a stale socket: %+v", said)
	}
	lifeServe(t, home, nil).term(t)

	for name, put := range map[string]func(path string) error{
		"file":   func(path string) error { return os.WriteFile(path, []byte("precious"), 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":   func(path string) error { return os.Symlink(home.config, path) },
	} {
		if err := put(home.socket); err != nil {
			t.Fatal(err)
		}
		before, err := os.Lstat(home.socket)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, home, exitFailure, home.socket+" is no socket", "hint: ")
		after, err := os.Lstat(home.socket)
		if err != nil || !os.SameFile(before, after) || after.Size() != before.Size() {
			t.Errorf("%s: it was touched: %v", name, err)
		}
		if err := os.Remove(home.socket); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLifeBadConfig(t *testing.T) {
	t.Parallel()
	home := quietHome(t)
	home.write(t, "", "[crawl]\nworkerz = 3\nworkers = 0\n[[site]]\nname = \"a\"\n")
	refused(t, home, exitConfig, "tor.socks", "crawl.workerz", "crawl.workers", "site", "seeds")
	home.config = filepath.Join(home.dir, "none.toml")
	refused(t, home, exitConfig, "none.toml")
	if _, err := os.Lstat(home.state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a state folder was made for a bad config: %v", err)
	}
}

// A damaged store is told and left alone, by the daemon and by commands.
func TestLifeDamaged(t *testing.T) {
	t.Parallel()
	whole := quietHome(t)
	whole.must(t, "hashset", "load", "s", drawnFiles(t))
	for name, row := range map[string]struct {
		store  string
		damage func(path string, data []byte) error
	}{
		"flipped":   {"state.db", func(path string, data []byte) error { data[20] ^= 1; return os.WriteFile(path, data, 0o600) }},
		"zeros":     {"state.db", func(path string, data []byte) error { return os.WriteFile(path, make([]byte, len(data)), 0o600) }},
		"cut":       {"state.db", func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)/2], 0o600) }},
		"emptied":   {"state.db", func(path string, _ []byte) error { return os.Truncate(path, 0) }},
		"gone":      {"state.db", func(path string, _ []byte) error { return os.Remove(path) }},
		"text":      {"crawl.db", func(path string, _ []byte) error { return os.WriteFile(path, []byte("not found\n"), 0o600) }},
		"no crawl":  {"crawl.db", func(path string, _ []byte) error { return os.Remove(path) }},
		"no hashes": {"hashes.db", func(path string, _ []byte) error { return os.Remove(path) }},
		"swapped":   {"hashes.db", func(path string, _ []byte) error { return copyFile(filepath.Join(whole.state, "state.db"), path) }},
	} {
		home := whole
		home.dir = t.TempDir()
		home.state = filepath.Join(home.dir, "state")
		home.config = filepath.Join(home.dir, "config.toml")
		home.write(t, "127.0.0.1:1", "")
		if err := os.CopyFS(home.state, os.DirFS(whole.state)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(home.state, row.store)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := row.damage(path, data); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		t.Run(name, func(t *testing.T) {
			refused(t, home, exitDamaged, row.store, "hint: stop the daemon and put back the last backup")
			for _, args := range [][]string{{"alert", "list"}, {"db", "check"}} {
				said := home.cli(t, args...)
				if said.code != exitDamaged || !strings.Contains(said.out+said.err, row.store) || !strings.Contains(said.err, "hint: ") {
					t.Errorf("%v: %+v, want exit code %d, the store's name and a hint", args, said, exitDamaged)
				}
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the damaged file was written to")
			}
		})
	}
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// Whatever the umask, the modes are those that keep others out.
func TestLifeModes(t *testing.T) {
	t.Parallel()
	for _, umask := range []string{"000", "022", "077"} {
		t.Run(umask, func(t *testing.T) {
			world := lifeWorld(t)
			home := newLifeHome(t, world.Socks(), "[notify.file]\npath = \"notices.jsonl\"\n"+lifeSite("quiet", world.Handle("quiet", http.NotFoundHandler()), ""))
			d := lifeServe(t, home, func(cmd *exec.Cmd) {
				cmd.Args = append([]string{"sh", "-c", `umask $0; exec "$@"`, umask}, cmd.Args...)
				cmd.Path = "/bin/sh"
			})
			home.must(t, "hashset", "load", "s", drawnFiles(t))
			lifeWait(t, 20*time.Second, "the site is visited", func() bool { return len(world.Requests()) > 0 })
			want := map[string]fs.FileMode{"state": fs.ModeDir | 0o700, "leakwatch.sock": fs.ModeSocket | 0o660}
			for _, store := range stores() {
				want[store], want[store+".mark"] = 0o600, 0o600
			}
			err := filepath.WalkDir(home.state, func(path string, _ fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := os.Lstat(path)
				if err != nil {
					return err
				}
				name := filepath.Base(path)
				if mode, known := want[name]; !known || mode != info.Mode() {
					t.Errorf("%s has mode %v, want %v (0: not there)", name, info.Mode(), mode)
				}
				delete(want, name)
				return nil
			})
			if err != nil || len(want) > 0 {
				t.Errorf("%v; not there: %v", err, want)
			}
			d.term(t)
		})
	}
}

// lifeFiles lists a folder with owners, so that a change shows.
func lifeFiles(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("find", folder, "-printf", "%P %u %m %s %T@\\n").CombinedOutput()
	if err != nil {
		t.Fatalf("find: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	return lines
}
