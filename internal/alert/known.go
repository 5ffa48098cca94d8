package alert

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"leakwatch/internal/kv"
)

// Known returns the strongest verdict that any alert of a site and a set, open
// or closed, holds of these bytes as one of Kinds; "" where none does.
func (a *Alerts) Known(ctx context.Context, site, set, kind, sum string) (verdict string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	raw, err := hex.DecodeString(sum)
	if err != nil {
		return "", &InvalidError{Field: "sha256", Value: sum, Why: "needs hex digits"}
	}
	key := join(prefix(site), raw)
	best := len(Verdicts())
	err = a.db.View(func(tx *kv.Tx) error {
		m := openMatters(tx)
		for _, k := range keys(bucket(tx, "pictures"), key, 0) {
			of := k[len(key):]
			var c record
			var f found
			if _, err := getJSON(bucket(tx, "alerts"), of[:idLen], &c); err != nil {
				return err
			}
			if c.Set != set {
				continue
			}
			if _, err := getJSON(m.findings, of, &f); err != nil {
				return err
			}
			if at := slices.Index(Verdicts(), f.Verdict); at >= 0 && f.Kind == kind {
				best = min(best, at)
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read alerts: %w", err)
	}
	if best < len(Verdicts()) {
		verdict = Verdicts()[best]
	}
	return verdict, nil
}
