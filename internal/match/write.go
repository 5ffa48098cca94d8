package match

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// WriteJSON writes entries as `hash --json` prints them: all keys, null where
// a set does not keep the fact.
func WriteJSON(w io.Writer, rows iter.Seq2[Entry, error]) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for e, err := range rows {
		if err != nil {
			return err
		}
		j := jsonRow{Path: some(e.Path), Ref: some(e.Ref), SHA256: some(e.SHA256), SHA1: some(e.SHA1), CRC32: some(e.CRC32)}
		if e.Size > 0 || e.manifest() {
			j.Size = &e.Size
		}
		if e.PDQ != nil {
			j.PDQ = some(e.PDQ.String())
		}
		if e.Quality != UnknownQuality {
			j.Quality = &e.Quality
		}
		if e.PHash != nil {
			j.PHash = some(e.PHash.String())
		}
		if e.level() != Hashes {
			j.EntryDetail = e.told()
			if e.Width > 0 {
				j.Width, j.Height = &e.Width, &e.Height
			}
		}
		if err := enc.Encode(j); err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
	}
	return out.Flush()
}

// told is the detail of an entry as it is written.
func (e *Entry) told() *EntryDetail {
	d := &EntryDetail{Windows: e.Windows}
	if e.Points != nil {
		d.Keypoints = e.Points.AppendBinary(nil)
	}
	if e.Thumb != nil {
		d.Thumbprint = e.Thumb[:]
	}
	return d
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
