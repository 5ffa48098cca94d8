package crawler

// maxCandidates is how many pictures one srcset may offer.
const maxCandidates = 64

// readSrcset gives the URLs of a srcset in their order, as the HTML standard
// cuts them: a comma inside a URL or inside brackets parts nothing. Unlike a
// browser it keeps a candidate whose descriptor makes no sense. It reports
// whether there were more than maxCandidates.
func readSrcset(s string) (urls []string, more bool) {
	i := 0
	for {
		for i < len(s) && (isBlank(s[i]) || s[i] == ',') {
			i++
		}
		if i == len(s) {
			return urls, false
		}
		if len(urls) == maxCandidates {
			return urls, true
		}
		start := i
		for i < len(s) && !isBlank(s[i]) {
			i++
		}
		end := i
		for s[end-1] == ',' { // start is no comma, so this ends
			end--
		}
		urls = append(urls, s[start:end])
		if end == i {
			i = skipDescriptors(s, i)
		}
	}
}

// skipDescriptors returns where the candidate ends whose descriptors begin at i.
func skipDescriptors(s string, i int) int {
	inside := false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '(':
			inside = true
		case c == ')':
			inside = false
		case c == ',' && !inside:
			return i + 1
		}
	}
	return i
}

// isBlank is the blank of the HTML standard.
func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'
}
