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
	Stage       *string     `json:"stage"`
	Cause       *string     `json:"cause"`
}

// Lines are what was seen in the file at path: a line for each window of it that
// is like an entry of a set, strongest first, else one line that says none.
func (s Seen) Lines(path string) []Line {
	if len(s.Hits) == 0 {
		return []Line{{Path: path, Verdict: "none", Cause: s.Cause}}
	}
	out := make([]Line, 0, len(s.Hits))
	for _, h := range s.Hits {
		out = append(out, Line{
			Path: path, Verdict: h.Verdict, Set: &h.Set, SetVersion: &h.SetVersion, Ref: &h.Ref,
			Distance: h.Distance, Lead: h.Lead, Algorithm: &h.Algorithm, Orientation: &h.Orientation,
			Window: (*[4]float64)(&h.Window), EntryWindow: (*[4]float64)(&h.EntryWindow), Stage: &h.Stage, Cause: s.Cause,
		})
	}
	return out
}

// explain is the part of a finding that says why the machine said so.
func explain(e match.Explain) map[string]any {
	return map[string]any{"residual": e.Residual, "ratio": e.Ratio, "visible": e.Visible,
		"camera": e.Camera, "camera_entries": e.CameraEntries, "rule": e.Rule}
}
