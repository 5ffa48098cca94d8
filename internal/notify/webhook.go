package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of a receiver's answer, which is ignored.
const maxAnswer = 64 << 10

// Webhook posts messages, signed as Standard Webhooks has it: the receiver
// checks webhook-signature, refuses an old webhook-timestamp, and takes a
// webhook-id that it knows for a repeat.
type Webhook struct {
	url    string
	key    []byte
	client *http.Client
}

// NewWebhook posts to address through transport. secret is what the secret file
// holds, see ParseSecret; without one nothing is signed.
func NewWebhook(address string, secret []byte, transport http.RoundTripper) (*Webhook, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("webhook: the url must begin with http:// or https:// and name a host") // it may hold a secret: not named
	}
	if transport == nil {
		return nil, errors.New("webhook: no way out: a transport is needed")
	}
	w := &Webhook{url: address, client: &http.Client{
		Transport:     transport,
		Timeout:       sendTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if secret != nil {
		if w.key, err = ParseSecret(secret); err != nil {
			return nil, fmt.Errorf("webhook: %w", err)
		}
	}
	return w, nil
}

// ParseSecret returns the key of a secret file: whsec_ and base64, or else the
// bytes as they are, without the line feed at their end.
func ParseSecret(file []byte) ([]byte, error) {
	secret := strings.TrimRight(string(file), "\r\n")
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) == 0 {
			return nil, errors.New("what follows whsec_ in the secret is not base64")
		}
		return key, nil
	}
	if secret == "" {
		return nil, errors.New("the secret is empty")
	}
	return []byte(secret), nil
}

// Sign returns the value of webhook-signature.
func Sign(key []byte, id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Send posts m. Any answer but 2xx is a failure; a redirect is not followed,
// since its target was never configured.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(m.Body))
	if err != nil {
		return withoutURL(err)
	}
	now := time.Now()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "leakwatch")
	req.Header.Set("Webhook-Id", m.ID)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	if w.key != nil {
		req.Header.Set("Webhook-Signature", Sign(w.key, m.ID, now, m.Body))
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	// Read so that the connection can be used again; what it says, or that it
	// breaks off, changes nothing.
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	err = fmt.Errorf("the receiver answered %d", resp.StatusCode)
	if after := retryAfter(resp.Header.Get("Retry-After"), now); after > 0 {
		return &RetryError{After: after, Err: err}
	}
	return err
}

// retryAfter reads seconds or a date; 0 when it is neither.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return at.Sub(now)
	}
	return 0
}

// withoutURL takes the URL out of an error: many receivers put the secret there.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
