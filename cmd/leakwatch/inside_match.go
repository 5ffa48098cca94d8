package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"leakwatch/internal/container"
	"leakwatch/internal/inspect"
	"leakwatch/internal/picture"
	"leakwatch/internal/web"
)

// comparing sends files, and the pictures and texts in containers, to where the
// sets are.
type comparing struct {
	client *web.Client
	stated bool // some set is looked for in what containers state
}

// maxMatchFile is the most of one file that is sent: a byte more than the config
// allows for a picture, so that the limit ends in its cause.
const maxMatchFile = 2<<30 + 1

// maxMatchMember is the same of a member of a container, which is held in memory.
const maxMatchMember = 256 << 20

// member implements reader: pictures and texts are wanted, and what says why it
// cannot be read.
func (c *comparing) member(ctx context.Context, m container.Member, body io.Reader) (piece, bool, error) {
	p := piece{member: m.Name, cause: m.Cause, why: m.Why}
	if body == nil {
		return p, p.cause != "", nil
	}
	head, err := io.ReadAll(io.LimitReader(body, 512))
	switch looked := picture.Sniff(head) != "" || container.IsText(head); {
	case looked && err == nil:
		all := bytes.NewBuffer(head)
		_, err = all.ReadFrom(io.LimitReader(body, maxMatchMember-int64(len(head))))
		p.data = all.Bytes()
	case looked:
		p.data = head
	case p.cause == "" && inspect.PictureName(m.Name):
		p.cause = "not_a_picture"
	}
	if cause, why := container.CauseOf(err); cause != "" {
		p.cause, p.why = cause, why
	}
	return p, p.data != nil || p.cause != "", ctx.Err()
}

// inner implements reader.
func (c *comparing) inner(m container.Member, stated []container.Line) (piece, bool) {
	p := piece{member: m.Name, format: m.Format, stated: stated, cause: m.Cause, why: m.Why}
	return p, m.Cause != "" || c.stated
}

// lines are what `match` says of a piece: nothing of a text in a container that
// names nothing.
func (c *comparing) lines(ctx context.Context, p piece) (out []inspect.Line, err error) {
	path := filepath.ToSlash(p.path)
	query := url.Values{"path": {path}, "member": {p.member}}
	switch {
	case p.data != nil:
		out, err = c.post(ctx, "/v1/match", query, bytes.NewReader(p.data))
	case p.told:
		return nil, nil
	case p.member == "" && p.format == "":
		out, err = c.file(ctx, p.path, query)
	case c.stated && len(p.stated) > 0:
		out, err = c.post(ctx, "/v1/match/stated", query, statedBody(p.stated))
	}
	if err != nil {
		return nil, err
	}
	if p.member != "" && !inspect.PictureName(p.member) {
		out = slices.DeleteFunc(out, func(l inspect.Line) bool { return cellText(l.Cause) == "not_a_picture" })
	}
	for i := range out {
		if out[i].Cause == nil && p.cause != "" {
			out[i].Cause, out[i].Why = &p.cause, &p.why
		}
	}
	if len(out) == 0 && (p.member == "" || p.cause != "") {
		out = []inspect.Line{inspect.Empty(path, p.member, p.cause, p.why)}
	}
	return out, nil
}

// file sends the file at path.
func (c *comparing) file(ctx context.Context, path string, query url.Values) ([]inspect.Line, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxMatchFile))
	if err != nil {
		return nil, err
	}
	return c.post(ctx, "/v1/match", query, bytes.NewReader(data))
}

func (c *comparing) post(ctx context.Context, route string, query url.Values, body io.Reader) (out []inspect.Line, err error) {
	for l, err := range decoded[inspect.Line](c.client.Lines(ctx, http.MethodPost, route, query, body)) {
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// statedBody is what a container states, as the wire has it.
func statedBody(stated []container.Line) io.Reader {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	for _, l := range stated {
		_ = out.Encode(web.StatedOf(l)) // plain values into memory
	}
	return &b
}
