package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"

	"leakwatch/internal/container"
	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
)

// hashing fingerprints files and all that is in containers.
type hashing struct {
	decoder *picture.Decoder
	level   string
}

// member implements reader. A member that is too large to be held is hashed on
// the way.
func (h *hashing) member(ctx context.Context, m container.Member, body io.Reader) (p piece, wanted bool, err error) {
	p = piece{member: m.Name, cause: m.Cause, why: m.Why}
	if body == nil {
		p.done = inspect.Unread(m, h.level)
		return p, true, nil
	}
	limit := h.decoder.Limits().Bytes
	data, broken := io.ReadAll(io.LimitReader(body, limit+1))
	if broken == nil && int64(len(data)) > limit {
		var print inspect.Print
		print, broken = inspect.FingerprintFile(ctx, io.MultiReader(bytes.NewReader(data), body), h.decoder, h.level)
		p.done = print
		if broken != nil {
			p.done = inspect.Unread(m, h.level)
		}
	} else if p.data = data; data == nil {
		p.data = []byte{}
	}
	if cause, why := container.CauseOf(broken); cause != "" {
		p.cause, p.why = cause, why
	}
	return p, true, ctx.Err()
}

// inner implements reader: a container in another has no bytes of its own, and
// is told where it was not read wholly.
func (h *hashing) inner(m container.Member, _ []container.Line) (piece, bool) {
	return piece{member: m.Name, done: inspect.Unread(m, h.level), cause: m.Cause, why: m.Why}, m.Cause != ""
}

// print fingerprints a piece.
func (h *hashing) print(ctx context.Context, p piece) (out inspect.Print, err error) {
	switch done, settled := p.done.(inspect.Print); {
	case settled:
		out = done
	case p.data != nil:
		out, err = inspect.Fingerprint(ctx, p.data, h.decoder, h.level)
	default:
		out, err = fingerprint(ctx, p.path, h.decoder, h.level)
	}
	if err != nil {
		return out, err
	}
	if out.Path = filepath.ToSlash(p.path); p.member != "" {
		out.Member = &p.member
	}
	if p.format != "" {
		out = out.OfContainer(p.format)
	}
	if p.cause != "" && (out.Cause == nil || p.format != "") {
		out = out.Because(p.cause, p.why)
	}
	return out, nil
}
