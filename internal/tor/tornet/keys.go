package tornet

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base32"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"
)

// makeKeys gives each authority its keys and returns the DirAuthority lines.
func (n *Net) makeKeys(ctx context.Context) ([]string, error) {
	lines := make([]string, authorities)
	group, ctx := errgroup.WithContext(ctx)
	for i := range authorities {
		group.Go(func() error {
			keys := filepath.Join(n.dir, fmt.Sprintf("authority%d", i), "keys")
			if err := os.MkdirAll(keys, 0o700); err != nil {
				return err
			}
			relay, err := relayIdentity(keys)
			if err != nil {
				return err
			}
			dirPort := loopback(n.ports.dir[i])
			vote, err := voteIdentity(ctx, keys, dirPort)
			if err != nil {
				return err
			}
			lines[i] = fmt.Sprintf("DirAuthority authority%d orport=%d no-v2 v3ident=%s %s %s", i, n.ports.or[i], vote, dirPort, relay)
			return nil
		})
	}
	return lines, group.Wait()
}

// relayIdentity writes the old RSA identity of a relay, since tor would only
// tell its fingerprint once it runs, and every torrc must name it before. The
// size is the protocol's.
func relayIdentity(keys string) (string, error) {
	key, err := weakKey()
	if err != nil {
		return "", err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(filepath.Join(keys, "secret_id_key"), block, 0o600); err != nil {
		return "", err
	}
	return fmt.Sprintf("%X", sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))), nil
}

// weakKey makes the 1024-bit key by hand: crypto/rsa refuses the size, with
// every right.
func weakKey() (*rsa.PrivateKey, error) {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			return nil, err
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			return nil, err
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		modulus := new(big.Int).Mul(p, q)
		if d == nil || p.Cmp(q) == 0 || modulus.BitLen() != 1024 {
			continue
		}
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: modulus, E: 65537}, D: d, Primes: []*big.Int{p, q}}
		key.Precompute()
		return key, nil
	}
}

// voteIdentity lets tor-gencert make the key with which an authority votes.
func voteIdentity(ctx context.Context, keys, dirPort string) (string, error) {
	certificate := filepath.Join(keys, "authority_certificate")
	cmd := exec.CommandContext(ctx, "tor-gencert", "--create-identity-key", "--passphrase-fd", "0", "-m", "12", "-a", dirPort,
		"-i", filepath.Join(keys, "authority_identity_key"), "-s", filepath.Join(keys, "authority_signing_key"), "-c", certificate)
	cmd.Stdin = strings.NewReader("for tests\n")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("tor-gencert: %w\n%s", err, out.Bytes())
	}
	text, err := os.ReadFile(certificate)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if print, ok := strings.CutPrefix(line, "fingerprint "); ok {
			return strings.TrimSpace(print), nil
		}
	}
	return "", errors.New("tor-gencert: no fingerprint in the certificate")
}

// guard lets an onion ask for a client's key. The private half is thrown away.
func (n *Net) guard(i int) error {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	clients := filepath.Join(n.serviceDir(i), "authorized_clients")
	if err := os.MkdirAll(clients, 0o700); err != nil {
		return err
	}
	line := "descriptor:x25519:" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(key.PublicKey().Bytes())
	return os.WriteFile(filepath.Join(clients, "nobody.auth"), []byte(line+"\n"), 0o600)
}

func randomBelow(n int) int {
	v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic("unreachable: the system has no random numbers")
	}
	return int(v.Int64())
}
