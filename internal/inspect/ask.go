package inspect

import (
	"context"
	"crypto/sha256"

	"leakwatch/internal/match"
	"leakwatch/internal/picture"
)

// Ask returns the fingerprints of one file's bytes and what a look at it would
// ask of the sets, by hashes alone. A file that cannot be hashed is a Print
// with a cause and asks for equal bytes; the error is ctx's.
func Ask(ctx context.Context, data []byte, d *picture.Decoder) (Print, match.Query, error) {
	digest := sha256.Sum256(data)
	p, h, err := fingerprint(ctx, digest, data, d)
	if err != nil {
		return p, match.Query{}, err
	}
	q := query(ctx, digest, p, &h, true)
	q.Sight = nil
	return p, q, ctx.Err()
}
