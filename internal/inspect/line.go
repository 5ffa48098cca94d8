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

// Lines are what was seen in the file at path: a line per set with a hit,
// strongest first, else one line that says none.
func (s Seen) Lines(path string) []Line {
	if len(s.Hits) == 0 {
		return []Line{{Path: path, Verdict: "none", Cause: s.Cause}}
	}
	out := make([]Line, 0, len(s.Hits))
	for _, h := range s.Hits {
		stage := stageOf(h)
		out = append(out, Line{
			Path: path, Verdict: h.Verdict, Set: &h.Set, SetVersion: &h.SetVersion, Ref: &h.Ref,
			Distance: h.Distance, Lead: h.Lead, Algorithm: &h.Algorithm, Orientation: &h.Orientation,
			Window: whole(), EntryWindow: whole(), Stage: &stage, Cause: s.Cause,
		})
	}
	return out
}

// whole is the window of a picture that was hashed as it stands.
func whole() *[4]float64 { return &[4]float64{0, 0, 1, 1} }

// stageOf says how far the inspection had to go for this hit.
func stageOf(h match.Hit) string {
	if h.Algorithm == match.SHA256 {
		return "bytes"
	}
	return "hash"
}

// explain is the part of a finding that says why the machine said so.
func explain(h match.Hit) map[string]any {
	return map[string]any{"residual": nil, "ratio": nil, "visible": nil, "camera": nil, "camera_entries": nil, "rule": h.Rule}
}
