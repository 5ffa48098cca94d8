package container_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"leakwatch/internal/container"
)

// Debian has no rar: RAR5 files whose members are stored are written by hand.

type rarMember struct {
	name, body string
	flags      uint64 // 8: goes on from the volume before, 16: goes on in the next
	wholeCRC   uint32 // of the member, when body is a part of it
	size       int    // of the member, when body is a part of it
	link       bool
	locked     bool
	dictionary uint64 // power of 128 KiB; with a method, so that one is needed
}

func vint(v uint64) []byte { return binary.AppendUvarint(nil, v) }

func rarBlock(fields ...[]byte) []byte {
	header := bytes.Join(fields, nil)
	header = append(vint(uint64(len(header))), header...)
	return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(header)), header...)
}

func rarOf(volume int, more bool, members ...rarMember) []byte {
	var b bytes.Buffer
	b.WriteString("Rar!\x1A\x07\x01\x00")
	switch {
	case volume == 0 && !more:
		b.Write(rarBlock(vint(1), vint(0), vint(0)))
	case volume == 0:
		b.Write(rarBlock(vint(1), vint(0), vint(1)))
	default:
		b.Write(rarBlock(vint(1), vint(0), vint(3), vint(uint64(volume))))
	}
	for _, m := range members {
		var extra []byte
		if m.link {
			target := []byte("/etc/passwd")
			record := bytes.Join([][]byte{vint(5), vint(1), vint(0), vint(uint64(len(target))), target}, nil)
			extra = append(vint(uint64(len(record))), record...)
		}
		if m.locked {
			record := bytes.Join([][]byte{vint(1), vint(0), vint(0), {10}, make([]byte, 32)}, nil)
			extra = append(vint(uint64(len(record))), record...)
		}
		head := 2 | m.flags
		if extra != nil {
			head |= 1
		}
		size, sum := len(m.body), crc32.ChecksumIEEE([]byte(m.body))
		if m.size > 0 {
			size, sum = m.size, m.wholeCRC
		}
		fields := [][]byte{vint(2), vint(head)}
		if extra != nil {
			fields = append(fields, vint(uint64(len(extra))))
		}
		method := uint64(0)
		if m.dictionary > 0 {
			method = 3<<7 | m.dictionary<<10
		}
		fields = append(fields, vint(uint64(len(m.body))), vint(4), vint(uint64(size)), vint(0o644),
			binary.LittleEndian.AppendUint32(nil, sum), vint(method), vint(1), vint(uint64(len(m.name))), []byte(m.name), extra)
		b.Write(rarBlock(fields...))
		b.WriteString(m.body)
	}
	end := uint64(0)
	if more {
		end = 1
	}
	b.Write(rarBlock(vint(5), vint(0), vint(end)))
	return b.Bytes()
}

func TestRar(t *testing.T) {
	wrong := rarMember{name: "wrong", body: "four", size: 4, wholeCRC: 1}
	for _, c := range []struct {
		name    string
		b       []byte
		want    string
		cause   string
		members int
	}{
		{"stored", rarOf(0, false, rarMember{name: "a.jpg", body: "picture"}, rarMember{name: "d/b.txt", body: "text"}), "a.jpg 7 \nd/b.txt 4 \n", "", 2},
		{"zip inside", rarOf(0, false, rarMember{name: "in.zip", body: string(zipOf(t, file{"x", "x"}))}), "in.zip!x 1 \nin.zip 0 \n", "", 1},
		{"wrong CRC", rarOf(0, false, wrong, rarMember{name: "after", body: "after"}), "wrong 4 /crc_mismatch\nafter 5 \n", "", 2},
		{"link", rarOf(0, false, rarMember{name: "link", link: true}, rarMember{name: "after", body: "after"}), "link 0 bad_entry\nafter 5 \n", "", 2},
		{"encrypted", rarOf(0, false, rarMember{name: "locked", body: "0123456789abcdef", locked: true}, rarMember{name: "after", body: "after"}), "locked 0 encrypted\nafter 5 \n", "", 2},
		{"path", rarOf(0, false, rarMember{name: "../up", body: "up"}), "../up 2 bad_path\n", "", 1},
		{"dictionary of 4 GiB", rarOf(0, false, rarMember{name: "a", body: "aaaa", size: 1 << 33, wholeCRC: 1, dictionary: 15}), "", "limit_window", 0},
		{"first volume alone", rarOf(0, true, rarMember{name: "a", body: "aaaa"}), "a 4 \n", "split", 1},
		{"second volume alone", rarOf(1, false, rarMember{name: "a", body: "aaaa"}), "", "split", 0},
		{"cut", rarOf(0, false, rarMember{name: "a", body: "aaaa"}, rarMember{name: "b", body: "bbbb"})[:60], "a 4 \nb 0 damaged\n", "damaged", 2},
	} {
		for name, open := range openers() {
			all, report := open(t, c.b, "x.rar", container.Options{})
			if got := lines(all); got != c.want || report.Cause != c.cause || report.Members != c.members {
				t.Errorf("%s, %s: told\n%sreport %+v, want\n%s%s", c.name, name, got, report, c.want, c.cause)
			}
		}
	}
}

// A member that lies in two volumes is whole when both are there.
func TestRarVolumes(t *testing.T) {
	whole := "one body in two volumes"
	sum := crc32.ChecksumIEEE([]byte(whole))
	first := rarOf(0, true, rarMember{name: "a", body: "a"}, rarMember{name: "long", body: whole[:9], flags: 16, size: len(whole), wholeCRC: crc32.ChecksumIEEE([]byte(whole[:9]))})
	second := rarOf(1, false, rarMember{name: "long", body: whole[9:], flags: 8, size: len(whole), wholeCRC: sum}, rarMember{name: "z", body: "z"})
	part := func(b []byte) container.Part {
		return container.Part{Name: "x", At: bytes.NewReader(b), Size: int64(len(b))}
	}
	all, report := walkSource(t, container.Join("x.rar", []container.Part{part(first), part(second)}), container.Options{})
	if got := lines(all); got != "a 1 \nlong 23 \nz 1 \n" || report.Cause != "" || all[1].body != whole {
		t.Errorf("told\n%sreport %+v", got, report)
	}
	all, report = walkSource(t, container.Join("x.rar", []container.Part{part(first), {Name: "gone"}}), container.Options{})
	if got := lines(all); got != "a 1 \nlong 9 /split\n" || report.Cause != "split" {
		t.Errorf("second volume missing: told\n%sreport %+v", got, report)
	}
}
