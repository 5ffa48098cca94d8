package alert

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"leakwatch/internal/kv"
)

// kindAlert is the event of alerts; the others are told by Tell.
const kindAlert = "alert"

// StoreNearlyFull is told once when a store has used most of what it may.
const StoreNearlyFull = "store_nearly_full"

// Events lists the kinds of notices, as the config's events names them.
func Events() []string {
	return []string{kindAlert, "site_blind", "site_seen_again", "tor_down", "tor_back", StoreNearlyFull, "dead_letter"}
}

// Notice is what goes out. It holds no picture, no ref and no URL. What does
// not apply is empty.
type Notice struct {
	ID       string    `json:"id"` // the same at every try: the receiver's idempotency key
	Kind     string    `json:"kind"`
	At       time.Time `json:"at"`
	Site     string    `json:"site,omitempty"`
	Set      string    `json:"set,omitempty"`
	Alert    string    `json:"alert,omitempty"`
	Previous string    `json:"previous,omitempty"`
	Verdict  string    `json:"verdict,omitempty"`
	Findings int       `json:"findings,omitempty"`
	Refs     int       `json:"refs,omitempty"`
	Agree    int       `json:"agree,omitempty"` // of the manifest or the text that was raised: see Finding
	Of       int       `json:"of,omitempty"`
	Count    int       `json:"count,omitempty"`
	Reason   string    `json:"reason,omitempty"` // of an alert: new, growth, reopened
	Cause    string    `json:"cause,omitempty"`
	Text     string    `json:"text"`
}

// lane names what must arrive in order.
func (n *Notice) lane() string {
	switch {
	case n.Alert != "":
		return n.Alert
	case n.Site != "":
		return "site " + n.Site
	}
	return ""
}

// Event is something that people are told of beside alerts.
type Event struct {
	Kind  string // one of Events, but not alert
	Site  string // empty when it is about no site
	Cause string // a cause of the closed list
	Text  string // a sentence; without one it is made from the rest
	At    time.Time
}

// Tell writes a notice of an event. An event of the same kind, site and time as
// the last one told is the same event.
func (a *Alerts) Tell(ctx context.Context, e Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.Kind == kindAlert || !slices.Contains(Events(), e.Kind) {
		return fmt.Errorf("tell: %w", &InvalidError{Field: "event", Value: e.Kind, Allowed: Events()[1:]})
	}
	if e.At.IsZero() {
		e.At = time.Now()
	}
	told := false
	err := a.db.Batch(func(tx *kv.Tx) error {
		key, at := join(prefix(e.Kind), []byte(e.Site)), strconv.AppendInt(nil, e.At.UnixNano(), 10)
		b := bucket(tx, "told")
		if string(b.Get(key)) == string(at) {
			told = false
			return nil
		}
		if err := b.Put(key, at); err != nil {
			return err
		}
		var err error
		told, err = send(tx, e.notice(), func(Channel) bool { return true })
		return err
	})
	if err != nil {
		return fmt.Errorf("tell %s: %w", e.Kind, err)
	}
	if told {
		a.rouse()
	}
	return nil
}

func (e *Event) notice() Notice {
	n := Notice{Kind: e.Kind, At: e.At.UTC(), Site: clean(e.Site), Cause: clean(e.Cause), Text: clean(e.Text)}
	if n.Text != "" {
		return n
	}
	switch e.Kind {
	case "site_blind":
		n.Text = fmt.Sprintf("site %s cannot be seen: %s", n.Site, n.Cause)
	case "site_seen_again":
		n.Text = fmt.Sprintf("site %s is seen again", n.Site)
	case StoreNearlyFull:
		n.Text = "a store is nearly full: raise [state] max_size, or make room"
	case "tor_down":
		n.Text = "Tor does not answer: nothing is being watched"
	case "tor_back":
		n.Text = "Tor answers again"
	default:
		n.Text = e.Kind
	}
	return n
}

// tell writes the notice of a changed alert, if it is worth one: it is new, it
// has grown tenfold, or it has become what a channel waits for.
func (m *matters) tell(c *change) error {
	n := Notice{
		Kind: kindAlert, At: time.Now().UTC(), Site: c.Site, Set: c.Set, Alert: c.ID, Previous: c.Previous,
		Verdict: c.verdict(), Findings: c.Findings, Refs: c.Refs,
		Agree: value(c.stated.Agree), Of: value(c.stated.Of), Count: value(c.stated.Count),
	}
	what := n.Verdict + c.stated.inWords()
	to := func(Channel) bool { return true }
	switch {
	case c.before == nil && c.Previous != "":
		n.Reason = "reopened"
		n.Text = fmt.Sprintf("site %s: set %s is found again after alert %s was closed (%s)", c.Site, c.Set, c.Previous, what)
	case c.before == nil:
		n.Reason = "new"
		n.Text = fmt.Sprintf("site %s: set %s is found (%s)", c.Site, c.Set, what)
	case magnitude(c.Findings) > magnitude(c.before.Findings), magnitude(c.Most) > magnitude(c.before.Most):
		n.Reason = "growth"
		n.Text = fmt.Sprintf("site %s: the alert of set %s has grown to %s (%s)", c.Site, c.Set, counted(c.Findings, "finding"), what)
	case n.Verdict != c.before.verdict():
		n.Reason = "new"
		n.Text = fmt.Sprintf("site %s: set %s is now found as %s", c.Site, c.Set, what)
		before := n
		before.Verdict = c.before.verdict()
		to = func(ch Channel) bool { return !ch.wants(&before) }
	default:
		return nil
	}
	told, err := send(m.tx, n, to)
	m.told = m.told || told
	return err
}

// inWords says how much of a set a manifest or a text names; "" of a picture.
func (f *found) inWords() string {
	switch {
	case f.Agree != nil:
		return fmt.Sprintf(", %d of %d names and sizes agree", *f.Agree, value(f.Of))
	case f.Count != nil:
		return ", " + counted(*f.Count, "selector")
	}
	return ""
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// magnitude is the number of digits of n.
func magnitude(n int) int { return len(strconv.Itoa(n)) }
