package container

import "context"

// Walk opens src and visits its members. The error is ctx's or visit's: what is
// wrong with the bytes is in the Report.
func Walk(ctx context.Context, src Source, o Options, visit Visit) (Report, error) {
	return Report{Cause: "unsupported", Why: "not yet built"}, ctx.Err()
}

// Sniff returns the format of a container by its first bytes, of which 512
// suffice, and where those do not tell by its name; "" for none.
func Sniff(head []byte, name string) string { return "" }
