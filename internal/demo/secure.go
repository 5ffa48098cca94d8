package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// HandleTLS lets port 443 of a name that Handle knows lead to a handler, behind
// a certificate that nobody but itself has signed and that names another host.
func (p *Proxy) HandleTLS(name string, h http.Handler) error {
	cert, err := selfSigned()
	if err != nil {
		return fmt.Errorf("demo: make certificate: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secure[strings.ToLower(name)] = secure{h, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}}
	return nil
}

// secure is what port 443 of a name leads to.
type secure struct {
	h      http.Handler
	config *tls.Config
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	paper := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: changed(), NotAfter: changed().Add(30 * 365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, paper, paper, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
