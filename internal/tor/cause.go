package tor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// CodeOf returns the cause that err tells: that of the first *Error in its
// chain, else what can be read from an error of net/http. It is "" for nil, for
// a cancelled context and for what it does not know.
func CodeOf(err error) string {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return codeOfText(err)
}

// codeOfText reads causes from errors of net/http. Most of them are texts
// only, and http.Client's own time-out drops the chain below it, hence the
// search for our own words too.
func codeOfText(err error) string {
	var request *url.Error
	if errors.As(err, &request) && request.Err != nil {
		err = request.Err // its URL is a stranger's text
	}
	text := err.Error()
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case has("server response headers exceeded", "trailer too large"):
		return "limit_header"
	case isTLS(err) || has("server gave HTTP response to HTTPS client", "remote error: tls:", "tls: ", "x509: "):
		return "tls_failed"
	case has("timeout_connect", "TLS handshake timeout"):
		return "timeout_connect"
	case has("timeout_header", "timeout awaiting response headers", "exceeded while awaiting headers"):
		return "timeout_header"
	case isTimeout(err):
		var op *net.OpError
		if errors.As(err, &op) && (op.Op == "dial" || op.Op == "socks connect") {
			return "timeout_connect"
		}
		return "timeout_fetch"
	case isBroken(err) || has("malformed ", "chunk", "Content-Length", "transfer encoding", "Transfer-Encoding",
		"too many 1xx", "Unsolicited response", "trailer"):
		return "broken_http"
	case isLost(err) || has("server closed idle connection", "connection reset", "broken pipe", "EOF",
		"use of closed network connection", "http: server closed", "transport connection broken"):
		return "connection_lost"
	}
	return ""
}

func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &verify) ||
		errors.As(err, &authority) || errors.As(err, &name)
}

func isTimeout(err error) bool {
	var limit net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &limit) && limit.Timeout()
}

func isBroken(err error) bool {
	var protocol textproto.ProtocolError
	return errors.As(err, &protocol)
}

func isLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
