package match

import "time"

// CalibrateOptions say what false alerts may cost.
type CalibrateOptions struct {
	Rate   float64 // pictures looked at in a day
	Budget float64 // false alerts in a day
	Apply  bool    // store the recommended thresholds with the set
}

// Calibration is what a set was measured to do. The same set and pictures give
// the same, but for CalibratedAt.
type Calibration struct {
	Name       string `json:"name"`
	Version    int    `json:"version"`
	Entries    int    `json:"entries"`
	DetailKind string `json:"detail"`

	LookAlikes        *int `json:"look_alikes"`
	Cameras           *int `json:"cameras"`            // groups of three or more entries within 72 bits of each other
	WithoutBackground *int `json:"without_background"` // entries with too few others of their camera to tell them apart
	NotDistinctive    *int `json:"not_distinctive"`    // entries that too few bits tell from the others of their camera

	Itself     Itself     `json:"itself"`
	Background Background `json:"background"`

	RatePerDay   float64 `json:"rate_per_day"`
	BudgetPerDay float64 `json:"budget_per_day"`

	Verdicts    []VerdictRow `json:"verdicts"` // under the thresholds in force
	Curve       []CurveRow   `json:"curve"`
	Recommended *Thresholds  `json:"recommended"` // nil: nothing to go by
	Notes       []string     `json:"notes"`

	CalibratedAt *time.Time `json:"calibrated_at"` // when Recommended was stored; nil: it was not
}

// Itself is how far the entries of a set lie from each other.
type Itself struct {
	Sampled int     `json:"sampled"` // entries, evenly over the set
	Least   *int    `json:"least"`   // distance to the nearest entry of another ref
	P01     *int    `json:"p01"`
	P10     *int    `json:"p10"`
	Median  *int    `json:"median"`
	Within  []Share `json:"within"`
}

// Share of the entries that have one of another ref within Distance.
type Share struct {
	Distance int     `json:"distance"`
	Share    float64 `json:"share"`
}

// Background is what the pictures gave that are in no set.
type Background struct {
	Pictures  int            `json:"pictures"`   // that were judged
	InSet     int            `json:"in_set"`     // left out: an entry has the same bytes
	NotJudged int            `json:"not_judged"` // left out: no hash, or of low quality
	Verdicts  map[string]int `json:"verdicts"`   // under the thresholds in force
	Nearest   []NearPicture  `json:"nearest"`    // the five nearest: look at them, they may be no strangers
}

// NearPicture is a background picture near to an entry.
type NearPicture struct {
	Path     string `json:"path"`
	Ref      string `json:"ref"`
	By       string `json:"by"`
	Distance int    `json:"distance"`
}

// The ways to a verdict.
const (
	byBytes  = "bytes"
	byWhole  = "whole"  // PDQ of the whole entry
	byWindow = "window" // PDQ of a window of it
	byPHash  = "phash"
	byAny    = "any"
)

// VerdictRow is what a threshold means.
type VerdictRow struct {
	Verdict   string             `json:"verdict"`
	By        string             `json:"by"`
	Threshold *int               `json:"threshold"`
	Seen      int                `json:"seen"` // background pictures that pass
	Of        int                `json:"of"`
	PerDay    *float64           `json:"per_day"`         // false alerts to expect; nil: too few pictures to say
	AtMost    *float64           `json:"at_most_per_day"` // with 95 % certainty; 3/n where none was seen
	Recall    map[string]float64 `json:"recall"`          // share of the edited pictures found, by form
	Mean      *float64           `json:"recall_mean"`
	Edited    int                `json:"edited"` // pictures, each in every form
}

// CurveRow is one threshold among many.
type CurveRow struct {
	By        string   `json:"by"`
	Threshold int      `json:"threshold"`
	Seen      int      `json:"seen"`
	PerDay    *float64 `json:"per_day"`
	AtMost    *float64 `json:"at_most_per_day"`
	Mean      *float64 `json:"recall_mean"`
}
