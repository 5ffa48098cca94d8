package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // formats of the folder's pictures
	_ "image/png"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"

	"leakwatch/internal/picture"
)

// folderAlbum reads a folder of photographs: each folder below it is one
// scene, a picture that lies in the folder itself is a scene of its own.
// A folder below one called lanes is a film of a fixed camera, four frames a
// second. What lies below gates, vehicles or plates is of one kind too: other
// pictures of it are told apart from an entry, or that is counted.
func folderAlbum(root string) (*album, error) {
	a, scenes := &album{name: "photographs"}, map[string]*scene{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		head, err := headOf(file)
		if err != nil || picture.Sniff(head) == "" {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		name := path.Dir(rel)
		if name == "." {
			name = rel
		}
		s := scenes[name]
		if s == nil {
			parts := strings.Split(name, "/")
			has := func(word string) bool { return slices.Contains(parts, word) }
			s = &scene{name: name, film: has("lanes"), fixed: has("lanes") || has("gates"), camera: has("lanes") || has("gates") || has("vehicles") || has("plates")}
			scenes[name] = s
			a.scenes = append(a.scenes, s)
		}
		p := &photo{name: rel, kind: kindOf(name), scene: s, frame: len(s.photos), read: func() ([]byte, error) { return os.ReadFile(file) }}
		s.photos, a.photos = append(s.photos, p), append(a.photos, p)
		return nil
	})
	if err == nil && len(a.photos) == 0 {
		err = fmt.Errorf("no picture lies below %s", root)
	}
	return a, err
}

// kindOf names what a folder holds, as the break-down calls it.
func kindOf(name string) string {
	for _, part := range strings.Split(name, "/") {
		switch part {
		case "lanes", "gates":
			return "fixed cameras"
		case "vehicles":
			return "vehicles"
		case "plates":
			return "plates"
		}
	}
	return "ordinary"
}

// headOf reads so much that a format shows.
func headOf(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head) // an empty file is no picture
	return head[:n], nil
}

// original is the picture in colour, upright, its long side as every form
// expects it.
func (p *photo) original() (*image.RGBA, error) {
	data, err := p.read()
	if err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	flat := filled(img.Bounds().Dx(), img.Bounds().Dy(), white)
	over(flat, img)
	return turn(brought(flat), p.upward), nil
}
