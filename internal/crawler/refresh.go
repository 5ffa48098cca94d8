package crawler

import "strings"

// readRefresh gives the URL in the content of a refresh, by the steps of the
// HTML standard: `0; url='next'`, `5,next`, `.5;URL=next`. It reports false
// when the page only loads itself again, or when browsers would not follow.
func readRefresh(content string) (string, bool) {
	s := strings.TrimLeft(content, " \t\n\f\r")
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	if digits == 0 && !strings.HasPrefix(s, ".") {
		return "", false
	}
	s = strings.TrimLeft(s, "0123456789.")
	if s == "" || s[0] != ';' && s[0] != ',' && !isBlank(s[0]) {
		return "", false
	}
	s = strings.TrimLeft(s, " \t\n\f\r")
	if s != "" && (s[0] == ';' || s[0] == ',') {
		s = strings.TrimLeft(s[1:], " \t\n\f\r")
	}
	if len(s) >= 3 && strings.EqualFold(s[:3], "url") {
		after := strings.TrimLeft(s[3:], " \t\n\f\r")
		if strings.HasPrefix(after, "=") {
			s = strings.TrimLeft(after[1:], " \t\n\f\r")
		}
	}
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		quote := s[0]
		s = s[1:]
		if end := strings.IndexByte(s, quote); end >= 0 {
			s = s[:end]
		}
	}
	s = strings.TrimSpace(s)
	return s, s != ""
}
