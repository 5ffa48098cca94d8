package inspect

import (
	"bytes"
	"crypto/sha256"
	"io"
	"path"
	"strings"

	"leakwatch/internal/container"
	"leakwatch/internal/crawler"
	"leakwatch/internal/picture"
)

// sniffed is how many bytes of a member say what it is.
const sniffed = 512

// visit takes one member of a container all the way.
func (o *opening) visit(m container.Member, body io.Reader) error {
	switch {
	case m.Dir:
		return nil
	case m.Format != "":
		return o.inner(m)
	}
	o.members++
	if outer, _ := split(m.Name); outer != "" || !o.stated {
		o.state(outer, m)
	}
	if m.Cause != "" {
		o.unopened(m, m.Cause, m.Why)
	}
	if body == nil {
		return nil
	}
	return o.look(m, body)
}

// inner notes a container inside, of which the members came before.
func (o *opening) inner(m container.Member) error {
	counted := &o.out.Containers.Opened
	if m.Cause != "" && m.Cause != string(crawler.BadPath) {
		counted = &o.out.Containers.NotOpened
		o.unopened(m, m.Cause, m.Why)
	}
	*counted++
	return o.manifest(m.Name+"!", m.Format, false)
}

// look reads a member that is a picture or a text, and judges it.
func (o *opening) look(m container.Member, body io.Reader) error {
	head := make([]byte, sniffed)
	n, err := io.ReadFull(body, head)
	head = head[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF && n == 0 {
		cause, why := container.CauseOf(err)
		o.unopened(m, cause, why)
		return o.ctx.Err()
	}
	body = io.MultiReader(bytes.NewReader(head), rest(body, err))
	switch {
	case picture.Sniff(head) != "":
		return o.picture(m, body)
	case PictureName(m.Name) && n > 0:
		o.out.Pictures.NotHashable++
		o.unopened(m, string(crawler.NotAPicture), "no known picture begins like this")
	case container.IsText(head):
		return o.memberText(m, body)
	}
	return nil
}

// rest is what follows of a body whose first bytes were read: nothing, if they
// ended it.
func rest(body io.Reader, err error) io.Reader {
	if err != nil {
		return failing{err}
	}
	return body
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == io.ErrUnexpectedEOF {
		return 0, io.EOF // of ReadFull: fewer bytes than asked for
	}
	return 0, f.err
}

// slurp reads a body of at most limit bytes into the buffer of all bodies. What
// came before an error is given out with it; longer says that there was more.
func (o *opening) slurp(body io.Reader, limit int64) (data []byte, longer bool, err error) {
	buf := bytes.NewBuffer(o.body[:0])
	_, err = buf.ReadFrom(io.LimitReader(body, limit+1))
	o.body = buf.Bytes()
	o.looked++
	o.bytes += int64(len(o.body))
	return o.body, int64(len(o.body)) > limit, err
}

// picture judges a picture in a container as one that was found on a page.
func (o *opening) picture(m container.Member, body io.Reader) error {
	// One byte more than is allowed: the decoder refuses it with its cause.
	data, _, err := o.slurp(body, o.rules.decoder.Limits().Bytes)
	if err != nil {
		if o.ctx.Err() != nil {
			return o.ctx.Err()
		}
		cause, why := container.CauseOf(err)
		o.unopened(m, cause, why)
	}
	return o.judge(m, data)
}

// judge compares a picture in a container.
func (o *opening) judge(m container.Member, data []byte) error {
	seen, again, err := o.room.lookAt(o.ctx, sha256.Sum256(data), data, o.memory())
	if err != nil {
		return err
	}
	o.count(m, seen, again)
	reports := seen.reports(o.at())
	for i := range reports {
		reports[i].Container, reports[i].Member = o.format, m.Name
	}
	p := place{found: o.found, container: o.format, member: m.Name, format: seen.format(), sum: seen.SHA256}
	if err := o.raise(append(reports, o.room.pictureText(p, data, "")...)); err != nil {
		return err
	}
	return o.remember(m, &seen, again)
}

// count enters a picture into the tally in the one way that applies to it.
func (o *opening) count(m container.Member, seen Seen, again bool) {
	tally := &o.out.Pictures
	cause := seen.cause()
	if cause != string(crawler.OK) {
		o.unopened(m, cause, seen.why)
	}
	switch {
	case cause == string(crawler.LowQuality):
		tally.ExactOnly++
	case cause != string(crawler.OK) && cause != string(crawler.Partial) && cause != string(crawler.LimitFrames):
		tally.NotHashable++
	case again:
		tally.Known++
	default:
		tally.Inspected++
	}
}

// at is the container as the place where a member was found.
func (o *opening) at() crawler.Found {
	f := o.found
	f.Body, f.Container = nil, nil
	return f
}

// split takes the name of a member apart: the prefix of the containers it is in,
// and its own.
func split(name string) (outer, own string) {
	if i := strings.LastIndexByte(name, '!'); i >= 0 {
		return name[:i+1], name[i+1:]
	}
	return "", name
}

// PictureName reports whether a name claims to be one of a picture.
func PictureName(name string) bool {
	switch extension(name) {
	case "jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl", "jp2":
		return true
	}
	return false
}

// containerName reports whether a name claims to be one of a container.
func containerName(name string) bool {
	switch extension(name) {
	case "zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "tzst", "cbz", "cbr",
		"docx", "docm", "xlsx", "xlsm", "pptx", "pptm", "ppsx", "odt", "ods", "odp", "odg", "epub", "pdf", "doc", "xls", "ppt", "pps",
		"eml", "msg", "mbox", "mht", "mhtml":
		return true
	}
	return false
}

// textName reports whether a name claims to be one of a text.
func textName(name string) bool {
	switch extension(name) {
	case "txt", "csv", "tsv", "json", "jsonl", "ndjson", "xml", "html", "htm", "md", "log", "sql", "rtf", "yaml", "yml", "ini", "lst", "nfo", "vcf", "ics":
		return true
	}
	return false
}

func extension(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))
}
