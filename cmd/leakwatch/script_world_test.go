package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"leakwatch/internal/demo"
)

// scriptWorld is a world small enough that scripts can state what each command
// must say of it: a forum with three copies of its data set of eight pictures,
// a quiet site with none, a dead one.
type scriptWorld struct {
	*demo.World
	photos []demo.Photo
	sites  []demo.Site
	copies map[string][]byte // file name => a changed copy of a photo
}

// theWorld is shared by all scripts, which only look at it.
var theWorld = sync.OnceValues(newScriptWorld)

func newScriptWorld() (*scriptWorld, error) {
	world, err := demo.Start(demo.Options{Empty: true})
	if err != nil {
		return nil, err
	}
	w := &scriptWorld{World: world, photos: demo.Set(8, 7), copies: map[string][]byte{}}
	for i, form := range []string{"jpeg-q30", "mirror"} {
		file, _, err := demo.Edit(w.photos[i+1].Image(), form)
		if err != nil {
			return nil, errors.Join(err, world.Close())
		}
		w.copies[form+".jpg"] = file
	}
	w.copies["stranger.jpg"] = demo.Stranger(1, 7).JPEG
	w.add("forum", demo.Web{
		"/":                        scriptPage("the forum", `<a href="/thread-1">thread</a> <img src="/img/logo.jpg">`),
		"/thread-1":                scriptPage(hostile, `<img src="/att/0001.jpg"> <img src="/att/jpeg-q30.jpg"> <a href="/att/`+hostile+`.jpg">mirrored</a> <a href="/gone">gone</a>`),
		"/att/0001.jpg":            jpeg(w.photos[0].JPEG),
		"/att/jpeg-q30.jpg":        jpeg(w.copies["jpeg-q30.jpg"]),
		"/att/" + escaped + ".jpg": jpeg(w.copies["mirror.jpg"]),
		"/img/logo.jpg":            jpeg(w.copies["stranger.jpg"]),
	})
	w.add("quiet", demo.Web{
		"/":           scriptPage("nothing here", `<img src="/a.jpg"> <img src="/broken.jpg">`),
		"/a.jpg":      jpeg(demo.Stranger(2, 7).JPEG),
		"/broken.jpg": jpeg([]byte("\xff\xd8\xff\xe0 is how a JPEG begins")),
	})
	w.add("dead", demo.Web{})
	w.Code(w.sites[2].Onion, 0xF0)
	return w, nil
}

// hostile is what a page's author writes to move a terminal's cursor, and
// escaped how the same stands in a URL.
const (
	hostile = "\x1b[2J\u009b31m\u202egnp\x7f"
	escaped = "%1B[2J%C2%9B31m%E2%80%AEgnp%7F"
)

func scriptPage(title, body string) demo.Resource {
	return demo.Resource{MediaType: "text/html; charset=utf-8", Body: []byte("<title>" + title + "</title>" + body)}
}

func jpeg(file []byte) demo.Resource { return demo.Resource{MediaType: "image/jpeg", Body: file} }

func (w *scriptWorld) add(name string, site demo.Web) {
	onion := w.Handle(name, site)
	w.sites = append(w.sites, demo.Site{Name: name, Onion: onion, Seeds: []string{"http://" + onion + "/"}})
}

// config is what an admin would write for this world, with the state in dir.
func (w *scriptWorld) config(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[state]\ndir = %q\n\n[tor]\nsocks = %q\n\n[web]\nlisten = \"\"\n\n[notify.file]\npath = %q\n",
		filepath.Join(dir, "state"), w.Socks(), filepath.Join(dir, "notices.jsonl"))
	for _, s := range w.sites {
		fmt.Fprintf(&b, "\n[[site]]\nname = %q\nseeds = [%s]\ndelay = \"0s\"\n", s.Name, quoted(s.Seeds))
	}
	return b.String()
}

// settle writes the config, the data set and files to try into dir.
func (w *scriptWorld) settle(dir string) error {
	files := map[string][]byte{"leakwatch.toml": []byte(w.config(dir))}
	for _, p := range w.photos {
		files["dataset/"+p.Name] = p.JPEG
	}
	for name, file := range w.copies {
		files["found/"+name] = file
	}
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
