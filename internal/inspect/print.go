package inspect

import (
	"context"
	"crypto/sha1" //nolint:gosec // an identity that other tools' lists carry, never a proof
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/match"
	"leakwatch/internal/phash"
	"leakwatch/internal/picture"
)

// Print is what `hash --json` says of one file. What is unknown is null.
type Print struct {
	Path    string       `json:"path"`
	Member  *string      `json:"member"`
	Ref     string       `json:"ref"` // first 16 hex digits of the SHA-256, never a name
	SHA256  string       `json:"sha256"`
	SHA1    string       `json:"sha1"`
	CRC32   string       `json:"crc32"`
	Size    int64        `json:"size"`
	Format  *string      `json:"format"`
	Width   *int         `json:"width"`
	Height  *int         `json:"height"`
	Frames  *int         `json:"frames"`
	PDQ     *phash.PDQ   `json:"pdq"`
	Quality *int         `json:"pdq_quality"`
	PHash   *phash.PHash `json:"phash"`
	Cause   *string      `json:"cause"` // null: hashed and whole

	*Detail // only where it was asked for

	why string // the cause's sentence
	box bool   // it is of a container
}

// hashed is a picture whose whole was hashed in its eight orientations.
type hashed struct {
	picture.Picture
	pdq [8]phash.PDQ

	// sharp is the plane as fine as it is ever needed, nil where it cannot be
	// had. It is decoded when it is first asked for.
	sharp func(context.Context) *image.Gray
}

// sharpened gives out a picture's sharp plane.
func sharpened(data []byte, pic picture.Picture, d *picture.Decoder) func(context.Context) *image.Gray {
	var plane *image.Gray
	decoded := pic.Sharp
	if decoded {
		plane = pic.Luma
	}
	return func(ctx context.Context) *image.Gray {
		if !decoded {
			decoded = true // a failure, too, is not paid for twice
			if again, err := d.Decode(ctx, data); err == nil {
				plane = again.Luma
			}
		}
		return plane
	}
}

// Fingerprint returns the fingerprints of one file's bytes, with the detail of
// a level. A file that cannot be hashed is a Print with a cause; the error is
// ctx's alone.
func Fingerprint(ctx context.Context, data []byte, d *picture.Decoder, level string) (Print, error) {
	p, h, err := fingerprint(ctx, sha256.Sum256(data), data, d)
	if err != nil {
		return p, err
	}
	old := sha1.Sum(data) //nolint:gosec // see the import
	p.SHA1, p.CRC32 = hex.EncodeToString(old[:]), fmt.Sprintf("%08x", crc32.ChecksumIEEE(data))
	if level != match.Hashes {
		p.Detail = detailOf(h.sharp(ctx), level)
	}
	return p, ctx.Err()
}

func fingerprint(ctx context.Context, digest [32]byte, data []byte, d *picture.Decoder) (Print, hashed, error) {
	p := Print{SHA256: hex.EncodeToString(digest[:]), Size: int64(len(data))}
	p.Ref = p.SHA256[:16]
	pic, err := d.DecodeSmall(ctx, data)
	if ctx.Err() != nil {
		return p, hashed{}, ctx.Err()
	}
	if err != nil {
		return p.refused(err), hashed{sharp: blind}, nil
	}
	p.take(pic)
	if pic.Partial {
		p = p.because(pic.Cause, pic.Why)
	}
	t := hashed{Picture: pic, sharp: sharpened(data, pic, d)}
	h, eight, err := phash.OfTurned(pic.Luma, image.Pt(pic.Width, pic.Height))
	if err != nil {
		return p.refused(err), t, nil // its further frames may show something
	}
	p.PDQ, p.Quality, t.pdq = &h.PDQ, &h.Quality, eight
	if h.HasPHash {
		p.PHash = &h.PHash
	}
	return p, t, nil
}

// blind is the sharp plane of what could not be decoded.
func blind(context.Context) *image.Gray { return nil }

// take copies what is told of a picture. A pointer into pic would keep its plane
// alive for as long as the print is remembered.
func (p *Print) take(pic picture.Picture) {
	format, width, height, frames := pic.Format, pic.Width, pic.Height, pic.Frames
	p.Format, p.Width, p.Height, p.Frames = &format, &width, &height, &frames
}

// refused takes the cause over from the room that would not go on.
func (p Print) refused(err error) Print {
	var pic *picture.Refusal
	var hash *phash.Refusal
	switch {
	case errors.As(err, &pic):
		p = p.because(pic.Cause, pic.Why)
		if pic.Format != "" {
			p.Format = &pic.Format
		}
		if pic.Width > 0 && pic.Height > 0 {
			p.Width, p.Height = &pic.Width, &pic.Height
		}
	case errors.As(err, &hash):
		p = p.because(hash.Cause, hash.Why)
	default:
		p = p.because(string(crawler.Damaged), err.Error())
	}
	return p
}

// Because gives a print another cause.
func (p Print) Because(cause, why string) Print { return p.because(cause, why) }

// OfContainer is the print of a container of a format.
func (p Print) OfContainer(format string) Print {
	p.Format, p.box = &format, true
	return p
}

// IsContainer tells a container from the files in it.
func (p Print) IsContainer() bool { return p.box }

// Unread is what is known of a member of a container that could not be read:
// what the container states. It has the keys of its level of detail, all unknown.
func Unread(m container.Member, level string) Print {
	p := Print{Size: max(m.Size, 0), Detail: detailOf(nil, level)}
	if m.CRC32 != nil {
		p.CRC32 = fmt.Sprintf("%08x", *m.CRC32)
	}
	if m.Format != "" {
		p = p.OfContainer(m.Format)
	}
	return p.because(m.Cause, m.Why)
}

// MarshalJSON writes null for the digests of what could not be read.
func (p Print) MarshalJSON() ([]byte, error) {
	type print Print
	if p.SHA256 != "" {
		return json.Marshal(print(p))
	}
	return json.Marshal(struct {
		print
		Ref    *string `json:"ref"`
		SHA256 *string `json:"sha256"`
		SHA1   *string `json:"sha1"`
		CRC32  *string `json:"crc32"`
	}{print(p), textOf(p.Ref), nil, textOf(p.SHA1), textOf(p.CRC32)})
}

func (p Print) because(cause, why string) Print {
	p.Cause, p.why = &cause, why
	return p
}

// Why is the sentence of the cause, or "".
func (p Print) Why() string { return p.why }

func (p Print) cause() string {
	if p.Cause == nil {
		return string(crawler.OK)
	}
	return *p.Cause
}

func (p Print) format() string {
	if p.Format == nil {
		return ""
	}
	return *p.Format
}

func (p Print) width() int  { return value(p.Width) }
func (p Print) height() int { return value(p.Height) }

func value(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
