package alert

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"leakwatch/internal/kv"
)

// buckets lists the names that the head of alert.go describes.
func buckets() []string {
	return []string{"alert.alerts", "alert.matters", "alert.seen", "alert.states", "alert.sites", "alert.sets",
		"alert.findings", "alert.ranks", "alert.pictures", "alert.boxes", "alert.sightings", "alert.refs", "alert.decisions", "alert.reviews",
		"alert.notices", "alert.channels", "alert.pending", "alert.delivered", "alert.dead", "alert.told"}
}

func bucket(tx *kv.Tx, name string) *kv.Bucket { return tx.Bucket([]byte("alert." + name)) }

// record is an alert as stored. Times are nanoseconds since 1970.
type record struct {
	ID       string         `json:"id"`
	Site     string         `json:"site"`
	Set      string         `json:"set"`
	State    string         `json:"state"`
	Assignee string         `json:"assignee,omitempty"`
	Previous string         `json:"previous,omitempty"`
	First    int64          `json:"first"`
	Last     int64          `json:"last"`
	Findings int            `json:"findings"`
	Refs     int            `json:"refs"`
	Verdicts map[string]int `json:"verdicts"`       // verdict => findings
	Most     int            `json:"most,omitempty"` // lines or selectors that the largest of its manifests and texts names
}

// verdict is the strongest that the alert holds.
func (r *record) verdict() string {
	for _, v := range Verdicts() {
		if r.Verdicts[v] > 0 {
			return v
		}
	}
	return ""
}

func (r *record) alert() Alert {
	return Alert{
		ID: r.ID, Site: r.Site, Set: r.Set, State: r.State, Verdict: r.verdict(), Findings: r.Findings, Refs: r.Refs,
		FirstSeen: at(r.First), LastSeen: at(r.Last), Assignee: text(r.Assignee), Previous: text(r.Previous),
	}
}

// found is a finding as stored; what it has in common with a Report is kept as
// the report gave it.
type found struct {
	Kind        string         `json:"kind"`
	Verdict     string         `json:"verdict"`
	Ref         string         `json:"ref,omitempty"`
	SetVersion  int            `json:"set_version,omitempty"`
	Distance    *int           `json:"distance,omitempty"`
	Lead        *int           `json:"lead,omitempty"`
	Algorithm   string         `json:"algorithm,omitempty"`
	Orientation int            `json:"orientation,omitempty"`
	Window      *[4]float64    `json:"window,omitempty"`
	EntryWindow *[4]float64    `json:"entry_window,omitempty"`
	Frame       int            `json:"frame,omitempty"`
	Stage       string         `json:"stage,omitempty"`
	SHA256      string         `json:"sha256"`
	PDQ         string         `json:"pdq,omitempty"`
	Format      string         `json:"format,omitempty"`
	Width       int            `json:"width,omitempty"`
	Height      int            `json:"height,omitempty"`
	URL         string         `json:"url"`
	Page        string         `json:"page,omitempty"`
	Container   string         `json:"container,omitempty"`
	Member      string         `json:"member,omitempty"`
	Agree       *int           `json:"agree,omitempty"`
	Of          *int           `json:"of,omitempty"`
	Count       *int           `json:"count,omitempty"`
	Samples     []string       `json:"samples,omitempty"`
	Explain     map[string]any `json:"explain,omitempty"`
	First       int64          `json:"first"`
	Last        int64          `json:"last"`
	Places      int            `json:"places"`
}

func (f *found) finding(id []byte, decision string, sightings []Sighting) Finding {
	explain := map[string]any{"residual": nil, "ratio": nil, "visible": nil, "camera": nil, "camera_entries": nil, "rule": nil}
	for k, v := range f.Explain {
		explain[k] = v
	}
	return Finding{
		ID: fmt.Sprintf("%x", id), Kind: f.Kind, Verdict: f.Verdict, Ref: text(f.Ref), SetVersion: number(f.SetVersion),
		Distance: f.Distance, Lead: f.Lead, Algorithm: text(f.Algorithm), Orientation: number(f.Orientation),
		Window: f.Window, EntryWindow: f.EntryWindow, Frame: f.frame(), Stage: text(f.Stage), SHA256: f.SHA256, Format: text(f.Format),
		Width: number(f.Width), Height: number(f.Height), URL: f.URL, Page: text(f.Page), Seen: at(f.First), LastSeen: at(f.Last),
		Sightings: sightings, Places: f.Places, Decision: text(decision), Explain: explain,
		Container: text(f.Container), Member: text(f.Member), Agree: f.Agree, Of: f.Of, Count: f.Count, Samples: append([]string{}, f.Samples...),
	}
}

// frame is nil for what is no picture.
func (f *found) frame() *int {
	if f.Kind != KindPicture {
		return nil
	}
	n := f.Frame
	return &n
}

// place is a sighting as stored.
type place struct {
	URL       string `json:"url"`
	Page      string `json:"page,omitempty"`
	Container string `json:"container,omitempty"`
	Member    string `json:"member,omitempty"`
	First     int64  `json:"first"`
	Last      int64  `json:"last"`
}

// key tells places of a finding apart.
func (p *place) key() []byte {
	if p.Member != "" {
		return short(prefix(p.URL, p.Member))
	}
	return short([]byte(p.URL))
}

// short is a digest that fits into a key.
func short(text []byte) []byte {
	sum := sha256.Sum256(text)
	return sum[:12]
}

// text is nil for what is not known.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// value is 0 for what is not known.
func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// number is nil for what is not known.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func at(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

const (
	idLen      = ulid.EncodedSize
	findingLen = 16
)

// prefix joins strings, each ended by a zero byte.
func prefix(parts ...string) []byte {
	var key []byte
	for _, p := range parts {
		key = append(append(key, p...), 0)
	}
	return key
}

// join appends the last parts of a key.
func join(key []byte, parts ...[]byte) []byte {
	return bytes.Join(append([][]byte{key}, parts...), nil)
}

// age sorts later times first.
func age(nanoseconds int64) []byte {
	return binary.BigEndian.AppendUint64(nil, ^(uint64(nanoseconds) ^ 1<<63))
}

// nextID returns an id that sorts behind all keys of b, whatever the clock
// says: order must outlive a clock that was set back.
func nextID(b *kv.Bucket, now time.Time) (string, error) {
	ms := min(uint64(max(now.UnixMilli(), 0)), ulid.MaxTime())
	id, err := ulid.New(ms, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	key, _ := b.Cursor().Last()
	if key == nil {
		return id.String(), nil
	}
	last, err := ulid.Parse(string(key))
	if err != nil {
		return "", fmt.Errorf("read id %q: %w", key, err)
	}
	if id.Compare(last) > 0 {
		return id.String(), nil
	}
	for i := len(last) - 1; i >= 0; i-- {
		if last[i]++; last[i] != 0 {
			break
		}
	}
	return last.String(), nil
}

func getJSON(b *kv.Bucket, key []byte, into any) (bool, error) {
	data := b.Get(key)
	if data == nil {
		return false, nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return false, fmt.Errorf("read record %q: %w", key, err)
	}
	return true, nil
}

func putJSON(b *kv.Bucket, key []byte, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write record %q: %w", key, err)
	}
	return b.Put(key, data)
}
