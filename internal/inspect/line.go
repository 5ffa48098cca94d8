package inspect

import (
	"leakwatch/internal/match"
)

// Line is one line of `match --json`.
type Line struct {
	Path        string      `json:"path"`
	Member      *string     `json:"member"`
	Verdict     string      `json:"verdict"`
	Set         *string     `json:"set"`
	SetVersion  *int        `json:"set_version"`
	Ref         *string     `json:"ref"`
	Distance    *int        `json:"distance"`
	Lead        *int        `json:"lead"`
	Algorithm   *string     `json:"algorithm"`
	Orientation *int        `json:"orientation"`
	Window      *[4]float64 `json:"window"`
	EntryWindow *[4]float64 `json:"entry_window"`
	Frame       *int        `json:"frame"` // of an animation, or page; 0 is the first
	Stage       *string     `json:"stage"`
	Cause       *string     `json:"cause"`
	Why         *string     `json:"why"` // the cause's sentence

	Agree   *int     `json:"agree"` // these as a finding has them
	Of      *int     `json:"of"`
	Count   *int     `json:"count"`
	Samples []string `json:"samples"`

	Explain map[string]any `json:"explain"`
}

// Lines are what was seen in the file at path: a line for each window of it that
// is like an entry of a set, strongest first, else one line that says none.
func (s Seen) Lines(path string) []Line {
	if len(s.Hits) == 0 {
		l := Empty(path, "", "", s.why)
		l.Cause = s.Cause
		return []Line{l}
	}
	out := make([]Line, 0, len(s.Hits))
	for _, h := range s.Hits {
		out = append(out, Line{
			Path: path, Verdict: h.Verdict, Set: &h.Set, SetVersion: &h.SetVersion, Ref: &h.Ref,
			Distance: h.Distance, Lead: h.Lead, Algorithm: &h.Algorithm, Orientation: &h.Orientation,
			Window: (*[4]float64)(&h.Window), EntryWindow: (*[4]float64)(&h.EntryWindow), Frame: &h.Frame, Stage: &h.Stage, Cause: s.Cause, Why: textOf(s.why),
			Samples: []string{}, Explain: explain(h.Explain),
		})
	}
	return out
}

// explain is the part of a finding, and of a line, that says why the machine
// said so.
func explain(e match.Explain) map[string]any {
	var rule *string
	if e.Rule != "" {
		rule = &e.Rule
	}
	return map[string]any{"residual": e.Residual, "ratio": e.Ratio, "visible": e.Visible,
		"camera": e.Camera, "camera_entries": e.CameraEntries, "rule": rule}
}
