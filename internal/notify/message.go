package notify

import (
	"encoding/json"
	"fmt"
	"time"

	"leakwatch/internal/alert"
)

// Message is a notice as every channel sends it.
type Message struct {
	ID   string // the idempotency key, the same at every try
	Kind string
	Body []byte // one JSON object, without a line feed
}

// body is the JSON of a message. Every key is always there, what is not known
// or does not apply is null. There is no picture, no ref and no URL in it.
type body struct {
	ID       string    `json:"id"`
	Type     string    `json:"type"` // one of alert.Events
	At       time.Time `json:"at"`
	Site     *string   `json:"site"`
	Set      *string   `json:"set"`
	Alert    *string   `json:"alert"` // id, for alert show
	Verdict  *string   `json:"verdict"`
	Findings *int      `json:"findings"`
	Refs     *int      `json:"refs"`
	Agree    *int      `json:"agree"` // of a manifest, how many of its lines
	Of       *int      `json:"of"`
	Count    *int      `json:"count"`    // selectors in a text
	Reason   *string   `json:"reason"`   // of an alert: new, growth, reopened
	Previous *string   `json:"previous"` // the closed alert that this one follows
	Cause    *string   `json:"cause"`
	Text     string    `json:"text"` // the same in a sentence
}

// NewMessage makes the message of a notice. The same notice gives the same
// bytes.
func NewMessage(n alert.Notice) (Message, error) {
	b := body{
		ID: n.ID, Type: n.Kind, At: n.At.UTC(), Site: known(n.Site), Set: known(n.Set), Alert: known(n.Alert), Verdict: known(n.Verdict),
		Reason: known(n.Reason), Previous: known(n.Previous), Cause: known(n.Cause), Text: n.Text,
	}
	if n.Alert != "" {
		b.Findings, b.Refs = &n.Findings, &n.Refs
	}
	if n.Of > 0 {
		b.Agree, b.Of = &n.Agree, &n.Of
	}
	if n.Count > 0 {
		b.Count = &n.Count
	}
	data, err := json.Marshal(b)
	if err != nil {
		return Message{}, fmt.Errorf("write notice %s: %w", n.ID, err)
	}
	return Message{ID: n.ID, Kind: n.Kind, Body: data}, nil
}

func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
