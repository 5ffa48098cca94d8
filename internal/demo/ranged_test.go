package demo

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
)

func randomBytes(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// askRange sends one GET with a Range and reads what comes.
func askRange(t *testing.T, c *http.Client, url, ranges string) (*http.Response, []byte, error) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

func TestRanged(t *testing.T) {
	w := startWorld(t, Options{Empty: true})
	whole := randomBytes(300_000, 1)
	file := NewRanged("application/zip", bytes.NewReader(whole), int64(len(whole)))
	url := "http://" + w.Handle("ranged", Web{"/a.zip": {Handler: file}}) + "/a.zip"
	client := clientOf(w.Proxy(), "test")
	defer client.CloseIdleConnections()
	const from, to = 100_000, 199_999
	part := whole[from : to+1]
	rows := []struct {
		fault   RangeFault
		status  int
		place   string
		right   bool // the bytes are those that were asked for
		n       int
		cut     bool
		accepts string
	}{
		{NoRangeFault, 206, fmt.Sprintf("bytes %d-%d/300000", from, to), true, len(part), false, "bytes"},
		{IgnoreRanges, 200, "", false, len(whole), false, ""},
		{OtherPlace, 206, "bytes 100001-200000/300000", true, len(part), false, "bytes"},
		{OtherSize, 206, "bytes 100000-199999/300004", true, len(part), false, "bytes"},
		{OtherBytes, 206, fmt.Sprintf("bytes %d-%d/300000", from, to), false, len(part), false, "bytes"},
		{LieAboutBytes, 206, fmt.Sprintf("bytes %d-%d/300000", from, to), false, len(part), false, "bytes"},
		{OtherVersion, 206, fmt.Sprintf("bytes %d-%d/300000", from, to), true, len(part), false, "bytes"},
		{DieHalfway, 206, fmt.Sprintf("bytes %d-%d/300000", from, to), false, len(part) / 2, true, "bytes"},
		{RefuseRanges, 416, "bytes */300000", false, 0, false, ""},
	}
	for _, row := range rows {
		file.Fault(row.fault)
		before := file.Sent()
		res, body, err := askRange(t, client, url, fmt.Sprintf("bytes=%d-%d", from, to))
		if res.StatusCode != row.status || res.Header.Get("Content-Range") != row.place || bytes.Equal(body, part) != row.right || len(body) != row.n ||
			(err != nil) != row.cut || res.Header.Get("Accept-Ranges") != row.accepts {
			t.Errorf("%q: %s, %q, %d bytes (right: %t), accepts %q, error %v", row.fault, res.Status, res.Header.Get("Content-Range"), len(body), bytes.Equal(body, part), res.Header.Get("Accept-Ranges"), err)
		}
		if got := file.Sent() - before; got != int64(row.n) {
			t.Errorf("%q: counted %d bytes, want %d", row.fault, got, row.n)
		}
	}
	file.Fault(NoRangeFault)
	if _, body, err := askRange(t, client, url, ""); err != nil || !bytes.Equal(body, whole) {
		t.Errorf("without a range: %d bytes, %v", len(body), err)
	}
	if got := file.Asked(); len(got) != len(rows)+1 || got[0] != "bytes=100000-199999" || got[len(rows)] != "" {
		t.Errorf("asked %q", got)
	}
}
