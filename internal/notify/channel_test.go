package notify_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"leakwatch/internal/alert"
	"leakwatch/internal/notify"
)

func message(t *testing.T, id string) notify.Message {
	t.Helper()
	m, err := notify.NewMessage(alert.Notice{ID: id, Kind: "alert", Alert: "A", Site: "s", Text: "found"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The vector that the Standard Webhooks libraries publish.
func TestSignatureIsTheStandardOne(t *testing.T) {
	key, err := notify.ParseSecret([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := notify.Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSecrets(t *testing.T) {
	for file, want := range map[string]string{"whsec_YWJj\r\n": "abc", "raw bytes\n": "raw bytes", "whsec_": "", "whsec_***": "", "": "", "\n": ""} {
		got, err := notify.ParseSecret([]byte(file))
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", file, got, err, want)
		}
	}
}

func FuzzSecret(f *testing.F) {
	f.Add([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	f.Add([]byte("raw"))
	f.Fuzz(func(t *testing.T, file []byte) {
		key, err := notify.ParseSecret(file)
		if (err == nil) == (len(key) == 0) {
			t.Errorf("%q: key of %d bytes, %v", file, len(key), err)
		}
	})
}

func TestWebhook(t *testing.T) {
	secret := []byte("a secret of the receiver")
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.URL.Path)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		stamp, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
		if err != nil || time.Since(time.Unix(stamp, 0)).Abs() > time.Minute {
			t.Errorf("timestamp %q: %v", r.Header.Get("webhook-timestamp"), err)
		}
		want := notify.Sign(secret, r.Header.Get("webhook-id"), time.Unix(stamp, 0), body)
		if r.Method != "POST" || r.Header.Get("webhook-signature") != want || r.Header.Get("content-type") != "application/json" {
			t.Errorf("%s %v, want signature %s", r.Method, r.Header, want)
		}
		if !json.Valid(body) || !strings.Contains(string(body), r.Header.Get("webhook-id")) {
			t.Errorf("body %s is not the message %s", body, r.Header.Get("webhook-id"))
		}
		answer(w, r)
	}))
	defer server.Close()
	for path, want := range map[string]string{
		"/ok": "", "/accepted": "", "/chatty": "", "/moved": "answered 307", "/busy": "answered 429", "/busy-until": "answered 503", "/gone": "answered 410",
	} {
		w, err := notify.NewWebhook(server.URL+path, secret, server.Client().Transport)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Send(context.Background(), message(t, "01J"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
		var retry *notify.RetryError
		if errors.As(err, &retry) != strings.HasPrefix(path, "/busy") {
			t.Errorf("%s: got %#v, want a time to come back: %v", path, err, strings.HasPrefix(path, "/busy"))
		}
		if retry != nil && (retry.After < 119*time.Second || retry.After > time.Hour) {
			t.Errorf("%s: come back after %v", path, retry.After)
		}
	}
	if got := strings.Join(requests, " "); strings.Contains(got, "elsewhere") {
		t.Errorf("a redirect was followed: %s", got)
	}
}

// answer is what the test's receiver says at each path.
func answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/secret-elsewhere", http.StatusTemporaryRedirect)
	case "/busy":
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	case "/busy-until":
		w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
	case "/gone":
		w.WriteHeader(http.StatusGone)
	case "/chatty":
		for range 1000 {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	case "/accepted":
		w.WriteHeader(http.StatusAccepted)
	}
}

type deaf struct{}

func (deaf) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("refused_clearnet")
}

func TestWebhookTellsNobodyItsURL(t *testing.T) {
	w, err := notify.NewWebhook("https://hooks.example/secret-token", nil, deaf{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Send(context.Background(), message(t, "01J"))
	if err == nil || strings.Contains(err.Error(), "secret-token") || !strings.Contains(err.Error(), "refused_clearnet") {
		t.Errorf("got %v, want the reason without the url", err)
	}
	for _, address := range []string{"", "ftp://secret-token", "https://", "://secret-token", "/secret-token"} {
		if _, err := notify.NewWebhook(address, nil, deaf{}); err == nil || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%q: got %v, want a refusal without the url", address, err)
		}
	}
	if _, err := notify.NewWebhook("https://hooks.example/", []byte("whsec_?"), deaf{}); err == nil {
		t.Error("a broken secret was accepted")
	}
	if _, err := notify.NewWebhook("https://hooks.example/", nil, nil); err == nil {
		t.Error("a webhook without a transport was accepted")
	}
}

func TestCommand(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	t.Setenv("LEAKWATCH_SECRET", "must not get there")
	c, err := notify.NewCommand([]string{"/bin/sh", "-c", `cat > "$1"; env >> "$1"`, "sh", out + " $(touch no); x"})
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, "01J")
	if err := c.Send(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out + " $(touch no); x") // an argument is an argument
	if err != nil {
		t.Fatal(err)
	}
	first, env, _ := strings.Cut(string(data), "\n")
	if first != string(m.Body) {
		t.Errorf("standard input was %q, want %s", first, m.Body)
	}
	if strings.Contains(env, "SECRET") || !strings.Contains(env, "LEAKWATCH_NOTICE=01J\n") {
		t.Errorf("environment was %q, want PATH and LEAKWATCH_NOTICE", env)
	}
}

func TestCommandFails(t *testing.T) {
	for _, c := range []struct {
		argv []string
		want string
	}{
		{[]string{"/bin/sh", "-c", "echo it is broken >&2; exit 3"}, "exit status 3: it is broken"},
		{[]string{"/bin/sh", "-c", "head -c 1000000 /dev/zero >&2; exit 1"}, "exit status 1"},
		{[]string{"/nonexistent"}, "no such file"},
	} {
		cmd, err := notify.NewCommand(c.argv)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Send(context.Background(), message(t, "01J")); err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 2000 {
			t.Errorf("%v: got %.200v, want %q", c.argv, err, c.want)
		}
	}
	if _, err := notify.NewCommand(nil); err == nil {
		t.Error("an empty argv was accepted")
	}
}

func TestCommandIsKilledWithAllThatItStarted(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	c, err := notify.NewCommand([]string{"/bin/sh", "-c", `sleep 100 & echo $! > "$1.tmp"; mv "$1.tmp" "$1"; wait`, "sh", pid})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Send(ctx, message(t, "01J")) }()
	var child int
	for child == 0 {
		if data, err := os.ReadFile(pid); err == nil {
			if child, err = strconv.Atoi(strings.TrimSpace(string(data))); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-done:
			t.Fatalf("ended by itself: %v", err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if alive(child) {
		t.Errorf("process %d outlived its command", child)
	}
}

// alive waits for a killed process to be gone, but not for ever.
func alive(pid int) bool {
	for range 1000 {
		if syscall.Kill(pid, 0) != nil {
			return false
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err != nil || strings.Contains(string(stat), ") Z ") {
			return false
		}
	}
	return true
}

func lines(t *testing.T, path string) (ids []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var m struct{ ID string }
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			m.ID = "broken"
		}
		ids = append(ids, m.ID)
	}
	return ids
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notices.jsonl")
	f, err := notify.NewFile(path)
	if err != nil {
		t.Fatal(err)
	}
	send := func(id string) {
		t.Helper()
		if err := f.Send(context.Background(), message(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	send("01")
	send("02")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	send("03")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-5); err != nil { // a crash in mid-line
		t.Fatal(err)
	}
	send("03")
	send("04")
	if got := strings.Join(lines(t, path+".1"), " "); got != "01 02" {
		t.Errorf("rotated file: got %s, want 01 02", got)
	}
	if got := strings.Join(lines(t, path), " "); got != "broken 03 04" {
		t.Errorf("got %s, want the torn line alone, then 03 04", got)
	}
}

func TestFileRefuses(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, fifo, filepath.Join(dir, "no", "such")} {
		f, err := notify.NewFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Send(context.Background(), message(t, "01")); err == nil {
			t.Errorf("%s was written to", path)
		}
	}
	if _, err := notify.NewFile(""); err == nil {
		t.Error("an empty path was accepted")
	}
}
