package container

import (
	"regexp"
	"strconv"
	"strings"
)

// shape is one way in which a line of text states one file.
type shape struct {
	name  string
	least int  // so many lines make a listing
	share int  // percent of all lines that must have the shape
	below bool // names are relative to the folder that a line above named
	parse func(s string) (l Line, folder, ok bool)
}

// shapes lists them, strict ones first: a line has the first that takes it.
func shapes() []shape {
	date := regexp.MustCompile(dates)
	return []shape{
		{"ls", 1, 10, true, func(s string) (Line, bool, bool) { return modeLine(s, date) }},
		{"find", 1, 10, false, func(s string) (Line, bool, bool) { return findLine(s, date) }},
		{"sums", 1, 10, false, sumLine},
		{"7z", 2, 10, false, sevenZipLine},
		{"zip", 2, 10, false, zipLine(date)},
		{"dir", 2, 10, true, dirLine(date)},
		{"sfv", 3, 50, false, sfvLine},
		{"names", 5, 90, true, nameLine},
	}
}

// isMode tells the rights of a file, as ls and tar print them or as rar prints
// what DOS knows.
func isMode(word string) bool {
	if len(word) < 7 || len(word) > 12 {
		return false
	}
	if strings.Trim(word, ".RHSADCI") == "" {
		return len(word) <= 9
	}
	if len(word) < 10 || strings.IndexByte("-dlbcpsD", word[0]) < 0 {
		return false
	}
	return strings.Trim(word[1:10], "-rwxsStTlL") == "" && strings.Trim(word[10:], ".+@") == ""
}

// modeLine reads a line of ls -l, an FTP server, tar tv, zipinfo or unrar: it
// begins with rights, has a date, the size is the last number before the date
// and the name all that follows it.
func modeLine(s string, date *regexp.Regexp) (l Line, folder, ok bool) {
	s = strings.TrimLeft(s, " ")
	mode, rest, _ := strings.Cut(s, " ")
	if !isMode(mode) {
		return l, false, false
	}
	at := date.FindStringIndex(rest)
	if at == nil {
		return l, false, false
	}
	before, name := strings.Fields(rest[:at[0]]), rest[at[1]:]
	packed := len(before) >= 3 && strings.HasSuffix(before[len(before)-1], "%") // unrar v
	name = strings.TrimPrefix(name, " ")
	l = Line{Size: -1}
	sized := false
	for i := range before {
		w := before[len(before)-1-i]
		if packed {
			w = before[i]
		}
		number, unit, is := sizeTokens(w)
		if is && l.setSize(number, unit) {
			sized = true
			break
		}
	}
	if packed {
		if sum, after, found := strings.Cut(strings.TrimLeft(name, " "), " "); found && l.setCRC(sum) {
			name = after
		}
	}
	if strings.HasPrefix(mode, "l") {
		return l, true, true // a link states nothing
	}
	if name = strings.TrimLeft(name, " "); name == "" || !sized {
		return l, false, false
	}
	l.Name = cleanLine(name)
	folder = mode[0] == 'd' || strings.HasPrefix(mode, "...D") || strings.HasSuffix(name, "/") || strings.IndexByte("bcps", mode[0]) >= 0
	return l, folder, true
}

// findLine reads a line of find -ls: an inode and blocks before what ls prints,
// and names with escapes.
func findLine(s string, date *regexp.Regexp) (l Line, folder, ok bool) {
	rest := strings.TrimLeft(s, " ")
	for range 2 {
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		if _, err := strconv.ParseUint(word, 10, 64); err != nil {
			return l, false, false
		}
		rest = strings.TrimLeft(rest, " ")
	}
	if l, folder, ok = modeLine(strings.ReplaceAll(rest, `\`, "\x00"), date); !ok {
		return l, false, false
	}
	at := date.FindStringIndex(rest)
	l.Name = cleanLine(unescape(strings.TrimLeft(rest[at[1]:], " ")))
	return l, folder, true
}

// unescape undoes the back slashes of find -ls.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		i++
		b.WriteByte(s[i])
	}
	return b.String()
}

// sumLine reads a line of sha256sum and its kin, or of BSD's. Of MD5 and
// SHA-512, which no set knows, the name is left.
func sumLine(s string) (l Line, folder, ok bool) {
	l = Line{Size: -1}
	s = strings.TrimPrefix(s, `\`)
	if kind, rest, found := strings.Cut(s, " ("); found && !strings.Contains(kind, " ") {
		if i := strings.LastIndex(rest, ") = "); i > 0 && isSum(rest[i+4:]) {
			l.Name = cleanLine(rest[:i])
			l.setDigest(rest[i+4:])
			return l, false, true
		}
	}
	sum, name, found := strings.Cut(s, " ")
	if !found || !isSum(sum) {
		return l, false, false
	}
	l.Name = cleanLine(strings.TrimPrefix(strings.TrimLeft(name, " \t"), "*"))
	l.setDigest(sum)
	return l, false, l.Name != ""
}

func isSum(s string) bool {
	switch len(s) {
	case 32, 40, 56, 64, 96, 128:
		return strings.Trim(s, "0123456789abcdefABCDEF") == ""
	}
	return false
}

// sevenZipLine reads a line of 7z l, whose columns stand fast: the packed size
// may be blank.
func sevenZipLine(s string) (l Line, folder, ok bool) {
	if len(s) < 54 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' || s[19] != ' ' || s[52] != ' ' {
		return l, false, false
	}
	attr := s[20:25]
	if strings.Trim(attr, ".DRHSAIL_") != "" {
		return l, false, false
	}
	l = lineOf(s[53:])
	if size := strings.TrimSpace(s[25:38]); size != "" && !l.setSize(size, "") {
		return l, false, false
	}
	return l, attr[0] == 'D', true
}

// zipLine reads a line of unzip -l or unzip -v: the length first, then a date,
// with -v a sum, then the name.
func zipLine(date *regexp.Regexp) func(string) (Line, bool, bool) {
	return func(s string) (l Line, folder, ok bool) {
		length, rest, _ := strings.Cut(strings.TrimLeft(s, " "), " ")
		l = Line{Size: -1}
		if number, unit, is := sizeTokens(length); !is || unit != "" || !l.setSize(number, "") {
			return l, false, false
		}
		at := date.FindStringIndex(rest)
		if at == nil {
			return l, false, false
		}
		name := strings.TrimLeft(rest[at[1]:], " ")
		switch methods := strings.Fields(rest[:at[0]]); {
		case len(methods) == 0:
		case len(methods) == 3 && strings.HasSuffix(methods[2], "%"):
			sum, after, _ := strings.Cut(name, " ")
			if !l.setCRC(sum) {
				return l, false, false
			}
			name = strings.TrimLeft(after, " ")
		default:
			return l, false, false
		}
		l.Name = cleanLine(name)
		return l, strings.HasSuffix(name, "/"), l.Name != ""
	}
}

// dirLine reads a line of dir, or of an FTP server on Windows: a date, then
// <DIR> or a size, then the name.
func dirLine(date *regexp.Regexp) func(string) (Line, bool, bool) {
	return func(s string) (l Line, folder, ok bool) {
		s = strings.TrimLeft(s, " ")
		if s == "" || s[0] < '0' || s[0] > '9' {
			return l, false, false
		}
		at := date.FindStringIndex(s)
		if at == nil || at[0] != 0 {
			return l, false, false
		}
		word, name, _ := strings.Cut(strings.TrimLeft(s[at[1]:], " "), " ")
		l = Line{Size: -1}
		if word == "<DIR>" || word == "<JUNCTION>" || word == "<SYMLINKD>" {
			return l, true, true
		}
		// Groups of digits may be parted by a space that does not break.
		word = strings.NewReplacer("\u00a0", "", "\u202f", "").Replace(word)
		number, unit, is := sizeTokens(word)
		if !is || !l.setSize(number, unit) {
			return l, false, false
		}
		l.Name = cleanLine(name)
		return l, false, l.Name != ""
	}
}

// sfvLine reads a line of an SFV file: a name and its CRC-32.
func sfvLine(s string) (l Line, folder, ok bool) {
	i := strings.LastIndexByte(s, ' ')
	if i <= 0 || strings.HasPrefix(s, ";") {
		return l, false, false
	}
	l = lineOf(s[:i])
	return l, false, l.setCRC(s[i+1:]) && l.Name != ""
}

// nameLine reads a line that is a path and nothing else: what find, tar t and
// ls -R print.
func nameLine(s string) (l Line, folder, ok bool) {
	if strings.Contains(s, "://") || strings.ContainsAny(s, "|*?\"") || s[0] == '<' || len(s) > maxName {
		return l, false, false
	}
	base := s[strings.LastIndexAny(s, `/\`)+1:]
	dot := strings.LastIndexByte(base, '.')
	if base == "" {
		return l, true, true
	}
	extension := base[dot+1:]
	if dot <= 0 || len(extension) < 2 || len(extension) > 5 || strings.ContainsAny(extension, " \t,;:") || strings.Trim(extension, "0123456789") == "" && len(extension) > 3 {
		return l, strings.Count(s, " ") < 3, strings.Contains(s, "/") && strings.Count(s, " ") < 3 // a folder
	}
	return lineOf(s), false, true
}
