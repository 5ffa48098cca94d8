package container

import (
	"bytes"
	"strings"
)

// strange is a format that is known and not opened. It is named all the same:
// what may hold pictures must not pass as a file of no interest.
type strange struct {
	name  string
	at    int
	magic string // where its first byte is
	ext   string // or by its name, where the bytes do not tell early enough
}

func stranges() []strange {
	return []strange{
		{name: "cab", magic: "MSCF\x00\x00\x00\x00"},
		{name: "arj", magic: "\x60\xEA", ext: ".arj"},
		{name: "ace", at: 7, magic: "**ACE**"},
		{name: "lzh", at: 2, magic: "-lh5-"},
		{name: "lzh", at: 2, magic: "-lh6-"},
		{name: "lzh", at: 2, magic: "-lh7-"},
		{name: "zoo", at: 20, magic: "\xDC\xA7\xC4\xFD"},
		{name: "stuffit", magic: "StuffIt (c)"},
		{name: "compress", magic: "\x1F\x9D"},
		{name: "lz4", magic: "\x04\x22\x4D\x18"},
		{name: "lzip", magic: "LZIP\x01"},
		{name: "lzop", magic: "\x89LZO\x00\x0D\x0A\x1A\x0A"},
		{name: "lzma", magic: "\x5D\x00\x00", ext: ".lzma"},
		{name: "zpaq", magic: "7kSt"},
		{name: "cpio", magic: "070701", ext: ".cpio"},
		{name: "cpio", magic: "070707", ext: ".cpio"},
		{name: "ar", magic: "!<arch>\n"},
		{name: "rpm", magic: "\xED\xAB\xEE\xDB"},
		{name: "wim", magic: "MSWIM\x00\x00\x00"},
		{name: "xar", magic: "xar!\x00"},
		{name: "squashfs", magic: "hsqs"},
		{name: "iso", ext: ".iso"},
		{name: "dmg", ext: ".dmg"},
		{name: "vhd", ext: ".vhd"},
		{name: "vhdx", magic: "vhdxfile"},
		{name: "vmdk", magic: "KDMV"},
		{name: "qcow2", magic: "QFI\xFB"},
		{name: "br", ext: ".tar.br"},
		{name: "dar", ext: ".dar"},
		{name: "pgp", ext: ".gpg"},
		{name: "pgp", ext: ".pgp"},
		{name: "age", magic: "age-encryption.org/"},
	}
}

func (s strange) is(head []byte, name string) bool {
	if s.ext != "" && !strings.HasSuffix(lowered(name), s.ext) {
		return false
	}
	if s.magic == "" && len(head) > 0 && bytes.IndexFunc(head, func(r rune) bool { return r < '\t' || r > '\r' && r < ' ' }) < 0 {
		return false // a page or a note that bears the name
	}
	return len(head) >= s.at+len(s.magic) && string(head[s.at:s.at+len(s.magic)]) == s.magic
}

// strangeFormats are rows of formats that are only named.
func strangeFormats() []format {
	var rows []format
	for _, s := range stranges() {
		cause := "unsupported"
		if s.name == "pgp" || s.name == "age" {
			cause = "encrypted"
		}
		rows = append(rows, format{name: s.name, sniff: s.is, open: func(*walk, *box) error {
			return fault(cause, "%s is known, and not opened", s.name)
		}})
	}
	return rows
}
