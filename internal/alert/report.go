package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	maxName    = 200 // bytes of a site's or a set's name
	maxSamples = 5   // samples of a text that are kept
	maxSample  = 64  // bytes of one
)

// Report is one hit, as the inspection found it.
type Report struct {
	Site, Set           string
	SetVersion          int
	Kind                string // one of Kinds; "": picture
	Verdict             string // one of Verdicts
	Ref                 string
	Distance, Lead      *int
	Algorithm           string
	Orientation         int
	Window, EntryWindow *[4]float64 // nil: the whole picture
	Frame               int         // of an animation, or page; 0 is the first
	Stage               string
	SHA256, Format      string // of the found bytes, 64 hex digits
	PDQ                 string // of Window, upright, 64 hex digits; "": not known. Kept, never shown
	Width, Height       int
	URL, Page           string
	Container, Member   string // format of the outermost one, and the nested names in it; "": not in one
	Agree, Of, Count    *int   // see Finding
	Samples             []string
	Same                string    // what makes two reports one finding; "": their SHA256
	At                  time.Time // zero: now
	Explain             map[string]any
}

// check refuses what could not be stored or found again.
func (r *Report) check() error {
	for field, value := range map[string]string{"site": r.Site, "set": r.Set} {
		if value == "" || len(value) > maxName || strings.ContainsRune(value, 0) {
			return &InvalidError{Field: field, Value: value, Why: fmt.Sprintf("needs 1 to %d bytes, none of them zero", maxName)}
		}
	}
	if err := oneOf("kind", r.Kind, Kinds()); err != nil {
		return err
	}
	allowed := []string{"exact", "copy", "kin"}
	if r.Kind == KindManifest || r.Kind == KindSelector {
		allowed = []string{r.Kind}
	}
	if !slices.Contains(allowed, r.Verdict) {
		return &InvalidError{Field: "verdict", Value: r.Verdict, Allowed: allowed}
	}
	if sum, err := hex.DecodeString(r.SHA256); err != nil || len(sum) != sha256.Size {
		return &InvalidError{Field: "sha256", Value: r.SHA256, Why: "needs 64 hex digits"}
	}
	return nil
}

// findingID comes from what was found, not from a counter: raising again finds
// the same.
func (r *Report) findingID() []byte {
	window := ""
	if r.Window != nil {
		window = fmt.Sprint(*r.Window)
	}
	if r.Frame > 0 {
		window += fmt.Sprint(" frame ", r.Frame)
	}
	sum := sha256.Sum256(prefix(r.Kind, r.Site, r.Set, cmp.Or(r.Same, strings.ToLower(r.SHA256)), window))
	return sum[:findingLen]
}

func (r *Report) found() found {
	return found{
		Kind: r.Kind, Verdict: r.Verdict, Ref: clean(r.Ref), SetVersion: r.SetVersion, Distance: r.Distance, Lead: r.Lead,
		Algorithm: r.Algorithm, Orientation: r.Orientation, Window: r.Window, EntryWindow: r.EntryWindow, Frame: r.Frame, Stage: r.Stage,
		SHA256: strings.ToLower(r.SHA256), PDQ: r.PDQ, Format: clean(r.Format), Width: r.Width, Height: r.Height,
		URL: clean(r.URL), Page: clean(r.Page), Container: clean(r.Container), Member: clean(r.Member),
		Agree: r.Agree, Of: r.Of, Count: r.Count, Samples: cleanSamples(r.Samples),
		Explain: r.Explain, First: r.At.UnixNano(), Last: r.At.UnixNano(),
	}
}

// cleanSamples keeps the first samples, each short: they are there to recognize
// a text by, not to hold it.
func cleanSamples(all []string) (out []string) {
	for _, s := range all[:min(len(all), maxSamples)] {
		if s = clean(s); len(s) > maxSample {
			s = strings.ToValidUTF8(s[:maxSample], "")
		}
		out = append(out, s)
	}
	return out
}
