package container

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

// pdfLock opens what is encrypted under the empty password: such a document
// opens for everybody, and forbids only to print or to change it.
type pdfLock struct {
	key   []byte
	aes   bool
	whole bool // the key is that of every object: AES-256
	plain bool // streams are not encrypted
}

// unlock finds out whether the document is encrypted, and whether the empty
// password opens it.
func (p *pdf) unlock() error {
	dict, id := p.encryption()
	if dict == nil {
		return nil
	}
	if name, _ := p.resolve(dict["Filter"]).(pdfName); name != "" && name != "Standard" {
		return fault("encrypted", "by %s", cut(clean(string(name)), 40))
	}
	version, revision := p.number(dict["V"], 0), p.number(dict["R"], 0)
	lock := &pdfLock{}
	length := p.number(dict["Length"], 40) / 8
	switch version {
	case 1:
		length = 5
	case 2, 3:
	case 4, 5:
		filters, _ := p.resolve(dict["CF"]).(pdfDict)
		use, _ := p.resolve(dict["StmF"]).(pdfName)
		filter, _ := p.resolve(filters[string(use)]).(pdfDict)
		method, _ := p.resolve(filter["CFM"]).(pdfName)
		lock.aes, lock.whole, lock.plain = method == "AESV2" || method == "AESV3", version == 5, use == "Identity" || use == "" || method == "None"
		length = 16
	default:
		return fault("encrypted", "in version %d", version)
	}
	var ok bool
	if version == 5 {
		lock.key, ok = p.key256(dict, revision)
	} else if length >= 5 && length <= 16 {
		lock.key, ok = p.key128(dict, id, revision, length)
	}
	if !ok {
		return fault("encrypted", "the document asks for a password")
	}
	p.lock = lock
	return nil
}

// encryption looks for the dictionary of the encryption and the identity of the
// document, in trailers and in tables that are streams.
func (p *pdf) encryption() (dict pdfDict, id []byte) {
	take := func(d pdfDict) {
		if e, ok := p.resolve(d["Encrypt"]).(pdfDict); ok {
			dict = e
			if list, ok := p.resolve(d["ID"]).([]any); ok && len(list) > 0 {
				s, _ := p.resolve(list[0]).(pdfString)
				id = s
			}
		}
	}
	for at := 0; ; {
		i := bytes.Index(p.data[at:], []byte("trailer"))
		if i < 0 {
			break
		}
		at += i + len("trailer")
		value, _ := p.value(p.data, at)
		d, _ := value.(pdfDict)
		take(d)
	}
	for _, at := range p.order {
		if s := p.object(at); s.dict["Type"] == pdfName("XRef") {
			take(s.dict)
		}
	}
	return dict, id
}

// passwordPad fills up a password, here all of it.
const passwordPad = "\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a"

// key128 makes the key of the empty password up to revision 4, and checks it
// against what the document says of the user's password.
func (p *pdf) key128(dict pdfDict, id []byte, revision, length int) ([]byte, bool) {
	owner, _ := p.resolve(dict["O"]).(pdfString)
	user, _ := p.resolve(dict["U"]).(pdfString)
	if len(owner) < 32 || len(user) < 32 {
		return nil, false
	}
	h := md5.New()
	h.Write([]byte(passwordPad))
	h.Write(owner[:32])
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(p.number(dict["P"], 0))))
	h.Write(id)
	if open, is := p.resolve(dict["EncryptMetadata"]).(bool); is && !open && revision >= 4 {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	if revision >= 3 {
		for range 50 {
			sum := md5.Sum(key[:length])
			key = sum[:]
		}
	}
	key = key[:length]
	want := []byte(passwordPad)
	if revision >= 3 {
		sum := md5.Sum(append([]byte(passwordPad), id...))
		want = sum[:]
		for i := range 20 {
			round := make([]byte, length)
			for j := range round {
				round[j] = key[j] ^ byte(i)
			}
			stream(round, want)
		}
	} else {
		stream(key, want)
	}
	return key, bytes.Equal(want, user[:len(want)])
}

func stream(key, bytes []byte) {
	if c, err := rc4.NewCipher(key); err == nil { // only of a wrong length
		c.XORKeyStream(bytes, bytes)
	}
}

// key256 takes the key out of the document, from revision 5 on.
func (p *pdf) key256(dict pdfDict, revision int) ([]byte, bool) {
	user, _ := p.resolve(dict["U"]).(pdfString)
	packed, _ := p.resolve(dict["UE"]).(pdfString)
	if len(user) < 48 || len(packed) < 32 {
		return nil, false
	}
	if !bytes.Equal(hash256(user[32:40], revision), user[:32]) {
		return nil, false
	}
	block, err := aes.NewCipher(hash256(user[40:48], revision))
	if err != nil {
		return nil, false
	}
	key := make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(key, packed[:32])
	return key, true
}

// hash256 is the hash of the empty password and a salt: SHA-256, hardened from
// revision 6 on.
func hash256(salt []byte, revision int) []byte {
	sum := sha256.Sum256(salt)
	k := sum[:]
	if revision < 6 {
		return k
	}
	for i := 0; ; i++ {
		text := bytes.Repeat(k, 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(text, text)
		mod := 0
		for _, c := range text[:16] {
			mod += int(c)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(text)
			k = s[:]
		case 1:
			s := sha512.Sum384(text)
			k = s[:]
		default:
			s := sha512.Sum512(text)
			k = s[:]
		}
		if i >= 63 && int(text[len(text)-1]) <= i-31 {
			return k[:32]
		}
	}
}

// open decrypts the bytes of an object.
func (l *pdfLock) open(num int, b []byte) ([]byte, *Fault) {
	if l.plain {
		return b, nil
	}
	key := l.key
	if !l.whole {
		h := md5.New()
		h.Write(l.key)
		h.Write([]byte{byte(num), byte(num >> 8), byte(num >> 16), 0, 0})
		if l.aes {
			h.Write([]byte("sAlT"))
		}
		key = h.Sum(nil)[:min(16, len(l.key)+5)]
	}
	if !l.aes {
		out := bytes.Clone(b)
		stream(key, out)
		return out, nil
	}
	n := len(b) &^ 15
	if n < 32 {
		return nil, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault("encrypted", "a key of %d bytes", len(key))
	}
	out := make([]byte, n-16)
	cipher.NewCBCDecrypter(block, b[:16]).CryptBlocks(out, b[16:n])
	if pad := int(out[len(out)-1]); pad >= 1 && pad <= 16 {
		out = out[:len(out)-pad]
	}
	return out, nil
}
