package tor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"leakwatch/internal/tor"
)

// What sites answer, and the cause that it ends in.
func TestHostileAnswers(t *testing.T) {
	f := newFake(t)
	say := func(s string) func(net.Conn) { return func(c net.Conn) { io.WriteString(c, s) } }
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, c := range map[string]struct {
		answer func(net.Conn)
		want   string
	}{
		"nothing":                 {say(""), "connection_lost"},
		"reset":                   {func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }, "connection_lost"},
		"half a header":           {say(ok + "Content-Type: te"), "connection_lost"},
		"half a status line":      {say("HTTP/1."), "broken_http"},
		"ssh":                     {say("SSH-2.0-OpenSSH_9.9\r\n\r\n"), "broken_http"},
		"status not a number":     {say("HTTP/1.1 abc OK\r\n\r\n"), "broken_http"},
		"header without colon":    {say(ok + "nocolon\r\n\r\n"), "broken_http"},
		"blank in a header name":  {say(ok + "Content Type: text/html\r\n\r\n"), ""},
		"control byte in header":  {say(ok + "X-A\x01: b\r\n\r\n"), "broken_http"},
		"doubled status line":     {say(ok + ok + "Content-Length: 2\r\n\r\nhi"), "broken_http"},
		"chunked twice":           {say(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"), "broken_http"},
		"other transfer encoding": {say(ok + "Transfer-Encoding: magic\r\n\r\n"), "broken_http"},
		"negative length":         {say(ok + "Content-Length: -1\r\n\r\nhi"), "broken_http"},
		"length twice":            {say(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi"), "broken_http"},
		"length no number":        {say(ok + "Content-Length: two\r\n\r\nhi"), "broken_http"},
		"body too short":          {say(ok + "Content-Length: 10\r\n\r\nhi"), "connection_lost"},
		"bad chunk":               {say(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi"), "broken_http"},
		"chunk too long":          {say(ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi there"), "broken_http"},
		"chunk cut":               {say(ok + "Transfer-Encoding: chunked\r\n\r\nff\r\nhi"), "connection_lost"},
		"endless 1xx":             {say(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20_000) + ok + "\r\n"), "broken_http|limit_header"},
		"switching protocols":     {say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"), "broken_http"},
		"large header":            {say(ok + "X-A: " + strings.Repeat("a", 200<<10) + "\r\n\r\n"), "limit_header"},
		"many headers":            {say(ok + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n"), "limit_header"},
		"endless header": {func(c net.Conn) {
			for _, err := io.WriteString(c, ok); err == nil; _, err = io.WriteString(c, "X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n") {
			}
		}, "limit_header"},
		"wrong length, long": {say(ok + "Content-Length: 2\r\n\r\nhi and more"), ""},
		"http/1.0":           {say("HTTP/1.0 200 OK\r\n\r\nhi"), ""},
		"not found":          {say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f.raw(onion(name), c.answer)
			start := time.Now()
			_, _, err := fetch(f.through().Transport(tor.Site{Name: "s"}), "http://"+onion(name)+"/chunk-malformed-EOF")
			if got := tor.CodeOf(err); got != c.want && (got == "" || !strings.Contains(c.want, got)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestSilentSiteIsTimeoutHeader(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	wait := make(chan struct{})
	defer close(wait)
	f.raw(onion("silent"), func(net.Conn) { <-wait })
	f.raw(onion("drips"), func(c net.Conn) {
		for _, b := range []byte("HTTP/1.1 200 OK\r\nX: y") {
			c.Write([]byte{b})
		}
		<-wait
	})
	out := f.through(func(o *tor.Options) { o.HeaderTimeout = 300 * time.Millisecond })
	for _, name := range []string{"silent", "drips"} {
		if _, _, err := fetch(out.Transport(tor.Site{Name: "s"}), "http://"+onion(name)+"/"); tor.CodeOf(err) != "timeout_header" {
			t.Errorf("%s: %v, want timeout_header", name, err)
		}
	}
	out = f.through()
	for _, name := range []string{"silent", "drips"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := get(ctx, out.Transport(tor.Site{Name: "s"}), "http://"+onion(name)+"/"); tor.CodeOf(err) != "timeout_header" {
			t.Errorf("%s, caller's limit: %v, want timeout_header", name, err)
		}
		_, err := (&http.Client{Transport: out.Transport(tor.Site{Name: "s"}), Timeout: 300 * time.Millisecond}).Get("http://" + onion(name) + "/")
		if tor.CodeOf(err) != "timeout_header" {
			t.Errorf("%s, client's limit: %v, want timeout_header", name, err)
		}
	}
}

func TestBodyOverTimeIsTimeoutFetch(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	wait := make(chan struct{})
	defer close(wait)
	f.raw(onion("a"), func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		<-wait
	})
	rt := f.through().Transport(tor.Site{Name: "s"})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if got, err := get(ctx, rt, "http://"+onion("a")+"/"); got != "half" || tor.CodeOf(err) != "timeout_fetch" {
		t.Errorf("got %q, %v, want half and timeout_fetch", got, err)
	}
	client := &http.Client{Transport: rt, Timeout: 300 * time.Millisecond}
	resp, err := client.Get("http://" + onion("a") + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); tor.CodeOf(err) != "timeout_fetch" {
		t.Errorf("client's limit: %v, want timeout_fetch", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := get(ctx, rt, "http://"+onion("a")+"/"); !errors.Is(err, context.Canceled) || tor.CodeOf(err) != "" {
		t.Errorf("cancel: %v, want context.Canceled and no cause", err)
	}
}

func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("something"), ""},
		{fmt.Errorf("fetch: %w", &tor.Error{Code: "port_closed"}), "port_closed"},
		{fmt.Errorf("fetch: %w", context.DeadlineExceeded), "timeout_fetch"},
		{fmt.Errorf("fetch: %w", context.Canceled), ""},
		{&net.OpError{Op: "dial", Err: context.DeadlineExceeded}, "timeout_connect"},
		{io.ErrUnexpectedEOF, "connection_lost"},
	} {
		if got := tor.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

func BenchmarkFetch(b *testing.B) {
	for name, close := range map[string]bool{"keep-alive": false, "new stream": true} {
		b.Run(name, func(b *testing.B) {
			f := newFake(b)
			f.site(onion("a"), hello)
			rt := f.through().Transport(tor.Site{Name: "s"})
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+onion("a")+"/", nil)
				if err != nil {
					b.Fatal(err)
				}
				req.Close = close
				resp, err := rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}
