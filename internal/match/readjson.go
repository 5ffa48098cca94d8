package match

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"leakwatch/internal/phash"
)

// jsonRow is a line of `hash --json`. Other keys are passed over.
type jsonRow struct {
	Path    *string `json:"path"`
	Member  *string `json:"member"`
	Ref     *string `json:"ref"`
	SHA256  *string `json:"sha256"`
	SHA1    *string `json:"sha1"`
	CRC32   *string `json:"crc32"`
	Size    *int64  `json:"size"`
	Format  *string `json:"format"`
	Width   *int    `json:"width"`
	Height  *int    `json:"height"`
	Frames  *int    `json:"frames"`
	PDQ     *string `json:"pdq"`
	Quality *int    `json:"pdq_quality"`
	PHash   *string `json:"phash"`
	Cause   *string `json:"cause"`

	*EntryDetail
}

// EntryDetail is what --detail adds. It is exported for encoding/json alone.
type EntryDetail struct {
	Windows    []*phash.PDQ `json:"windows"`
	Keypoints  []byte       `json:"keypoints"`  // base64 of what phash.Points writes
	Thumbprint []byte       `json:"thumbprint"` // base64 of 64x64 grey values
}

// fill gives the detail to an entry.
func (d *EntryDetail) fill(e *Entry, width, height *int) (reason string) {
	if len(d.Windows) > 0 {
		e.Windows = d.Windows
	}
	if len(d.Keypoints) > 0 {
		p, err := phash.ParsePoints(d.Keypoints)
		if err != nil {
			return err.Error()
		}
		e.Points = &p
	}
	if len(d.Thumbprint) > 0 {
		if len(d.Thumbprint) != len(e.Thumb) {
			return fmt.Sprintf("thumbprint has %d bytes, not %d", len(d.Thumbprint), len(e.Thumb))
		}
		t := phash.Thumb(d.Thumbprint)
		e.Thumb = &t
	}
	if (e.Points != nil || e.Thumb != nil) && width != nil && height != nil {
		e.Width, e.Height = *width, *height
	}
	return ""
}

func (rd *reader) readJSON() error {
	for {
		line, more, err := rd.next(maxJSONLine)
		if !more {
			return err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var j jsonRow
		if err := json.Unmarshal(line, &j); err != nil {
			if !rd.refuse(jsonReason(err)) {
				return nil
			}
			continue
		}
		e, reason := j.entry()
		if !rd.take(e, rd.line, reason) {
			return nil
		}
	}
}

func jsonReason(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field == "" {
		return "a line is one JSON object, not a JSON " + kind.Value
	}
	if kind != nil {
		return fmt.Sprintf("%s cannot be a JSON %s", kind.Field, kind.Value)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("not a JSON object on one line: %v", err)
	}
	return err.Error()
}

func (j *jsonRow) entry() (e Entry, reason string) {
	e = Entry{Ref: text(j.Ref), SHA256: text(j.SHA256), SHA1: text(j.SHA1), CRC32: text(j.CRC32), Path: text(j.Path), Quality: UnknownQuality}
	if m := text(j.Member); m != "" {
		e.Path += "!" + m
	}
	if j.Size != nil {
		e.Size = *j.Size
	}
	if reason := e.setHashes(text(j.PDQ), text(j.PHash)); reason != "" {
		return e, reason
	}
	if j.Quality != nil {
		if *j.Quality < 0 {
			return e, "pdq_quality is 0 to 100"
		}
		e.Quality = *j.Quality
	}
	if j.EntryDetail != nil {
		if reason := j.fill(&e, j.Width, j.Height); reason != "" {
			return e, reason
		}
	}
	if e.manifest() && j.Size == nil {
		if c := text(j.Cause); c != "" {
			return e, "no sha256 and no hash: cause " + c
		}
		e.Path = "" // a path alone is no key
	}
	return e, ""
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// setHashes reads the two hashes, each of which may be "".
func (e *Entry) setHashes(pdq, p string) (reason string) {
	if pdq != "" {
		if reason := checkHex("pdq", pdq, 64); reason != "" {
			return reason
		}
		v, err := phash.ParsePDQ(pdq)
		if err != nil {
			return err.Error()
		}
		e.PDQ = &v
	}
	if p != "" {
		if reason := checkHex("phash", p, 16); reason != "" {
			return reason
		}
		v, err := phash.ParsePHash(p)
		if err != nil {
			return err.Error()
		}
		e.PHash = &v
	}
	return ""
}
