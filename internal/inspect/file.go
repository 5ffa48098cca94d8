package inspect

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // see print.go
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"

	"leakwatch/internal/picture"
)

// FingerprintFile fingerprints a file of any length. One above the limit on
// bytes is digested as a stream and not decoded: its cause says so.
func FingerprintFile(ctx context.Context, r io.Reader, d *picture.Decoder, level string) (Print, error) {
	limit := d.Limits().Bytes
	head, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return Print{}, err
	}
	if int64(len(head)) <= limit {
		return Fingerprint(ctx, head, d, level)
	}
	long, old, crc := sha256.New(), sha1.New(), crc32.NewIEEE() //nolint:gosec // see print.go
	n, err := io.Copy(io.MultiWriter(long, old, crc), io.MultiReader(bytes.NewReader(head), r))
	if err != nil {
		return Print{}, err
	}
	p := Print{
		SHA256: hex.EncodeToString(long.Sum(nil)), SHA1: hex.EncodeToString(old.Sum(nil)),
		CRC32: fmt.Sprintf("%08x", crc.Sum32()), Size: n,
	}
	p.Ref = p.SHA256[:16]
	p.Detail = detailOf(nil, level)
	if picture.Sniff(head) == "" {
		return p.because("not_a_picture", "no known picture begins like this"), nil
	}
	return p.because("limit_bytes", fmt.Sprintf("%d bytes > %d", n, limit)), nil
}
