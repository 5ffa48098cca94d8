package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func loadSelectors(t testing.TB, s *Sets, name, list string, keyed bool) Set {
	t.Helper()
	set, err := s.LoadSelectors(context.Background(), name, ReadSelectors(strings.NewReader(list), "list"), keyed, "tester", nil)
	if err != nil {
		t.Fatalf("load selectors of %s: %v", name, err)
	}
	return set
}

// found is what a text gives of one set, as "count/occurrences samples".
func found(s *Sets, text string) string {
	hits := s.Text([]byte(text))
	if len(hits) == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d %s", hits[0].Count, hits[0].Occurrences, strings.Join(hits[0].Samples, " "))
}

func TestSpellings(t *testing.T) {
	const list = "plate:ABC1234\nplate: KX-42-OLI \nAB123\nTO1234\nSOI101\n" +
		"case:2019-0417\n20190531\nproject bluebird\nfile:lane3/IMG_20190531_lane3.jpg\nкамера\nMüller Straße\nPerceptics\nA1B\u00d82\n"
	for _, keyed := range []bool{false, true} {
		s := openSets(t, DefaultOptions())
		loadSelectors(t, s, "travellers", list, keyed)
		for _, c := range []struct{ text, want string }{
			// A word of its own, in any case and in what looks alike.
			{"seen: abc1234, later", "1/1 AB•••34"},
			{"ABC1234", "1/1 AB•••34"},
			{"<td>ABC1234</td>", "1/1 AB•••34"},
			{"x,ABC1234,y\nABC1234", "1/2 AB•••34"},
			{"ABC-1234 ABC.1234 ABC_1234 ABC·1234 ABC–1234 A-B-C-1-2-3-4", "1/6 AB•••34"},
			{"ABC 1234 and ABC - 1234 and A B C 1 2 3 4 and ABC\u00a01234", "1/4 AB•••34"},
			{"АВС1234 ΑΒC1234 ＡＢＣ１２３４ ABCl234 ABCI234 abc\u00ad12\u200b34 ABC١٢٣٤", "1/7 АВ•••34"},
			{"KX420LI kx-42-0l1 KX42OLI", "1/3 KX•••LI"},
			{"𝐀𝐁𝐂𝟏𝟐𝟑𝟒", "1/1 𝐀𝐁•••𝟑𝟒"},

			// Part of another word, or another plate.
			{"XABC1234 ABC12345 ABC123 AABC1234A ABC1235 ACB1234", ""},
			{"ABC\n1234 ABC,1234 ABC\t1234 ABC|1234 \"ABC\" \"1234\" ABC=1234", ""},

			// Over spaces in small letters only where nothing else stands.
			{"from 1200 to 1234 of them", ""},
			{"TO 1234 is mine", "1/1 TO•••34"},
			{"a,to 1234,b\n  to 1234  \n", "1/2 TO•••34"},
			{"see to-1234.jpg", "1/1 TO•••34"},

			// Short ones are not looked for in what is bound together.
			{"f-AB123 550e8400-ab123-41d4 #ab123 ab123+x", ""},
			{"AB123. /x/AB123.jpg lane_AB123_9 AB123: AB 123", "1/4 A•••3"},

			// Digits alone, or letters alone, in pieces as the list has them.
			{"20190417 2019-0417 2019 0417 2019/0417 2O19O417", "1/5 20•••17"},
			{"20 190417 2019-04-17 201904170 120190417", ""},
			{"2019-05-31 2019 0531", ""},
			{"20190531", "1/1 20•••31"},
			{"501101 50 1101 so 1101", ""},
			{"SOI101 S0I 101 S01101", "1/3 SO•••01"},
			{"Project Bluebird PROJECT-BLUEBIRD projectbluebird project\nbluebird ProjectBluebird", "1/5 PR•••RD"},
			{"pro ject blue bird project, bluebird projects bluebirds", ""},
			{"perceptics PERCEPTICS' Рerсeptics", "1/3 PE•••CS"},

			{"IMG_20190531_lane3.jpg /other/img_20190531_LANE3.JPG", "2/4 IM•••PG 20•••31"},
			{"КАМЕРА камера", "1/2 КА•••РА"},
			{"MULLER STRASSE müller straße Mu\u0308ller-Straße", "1/3 MU•••SE"},
			{"A1B02 a1bø2", "1/2 A•••2"},
			{"ABC1234 TO1234 ABC1234", "2/3 AB•••34 TO•••34"},
			{"", ""},
			{"\xff\xfeABC1234\x00TO1234", "2/2 AB•••34 TO•••34"},
			{strings.Repeat("x ", 3*pageWords-1) + "ABC 1234" + strings.Repeat(" y", 100), "1/1 AB•••34"},
			{strings.Repeat("z", 5000) + " TO1234", "1/1 TO•••34"},
		} {
			if got := found(s, c.text); got != c.want {
				t.Errorf("keyed %v: %.80q: got %q, want %q", keyed, c.text, got, c.want)
			}
		}
	}
}

// A sample never shows the whole of what was found.
func TestShortestSamples(t *testing.T) {
	s := openSets(t, DefaultOptions())
	loadSelectors(t, s, "travellers", "北京\nAB12\n北京A\n", true)
	if got, want := found(s, "北京, AB12, 北京A"), "3/3 ••• A•••2 北•••A"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The words of a text that begin at the edge of a page are found once.
func TestPages(t *testing.T) {
	s := openSets(t, DefaultOptions())
	loadSelectors(t, s, "travellers", "plate:ABC1234\nalpha beta gamma delta", false)
	for at := pageWords - 2*maxWords; at < pageWords+maxWords; at++ {
		text := strings.Repeat("x ", at) + "ABC-12-34 Alpha Beta Gamma Delta" + strings.Repeat(" y", at%50)
		if got, want := found(s, text), "2/2 AB•••34 AL•••TA"; got != want {
			t.Fatalf("after %d words: got %q, want %q", at, got, want)
		}
	}
}

// drawnPlates are n plates as several states have them, all unlike.
func drawnPlates(r *rand.Rand, n int) []string {
	const letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	forms := []string{"AAA9999", "AAA-999", "9AAA999", "AA 999 AA", "A99-AAA", "999-AAA", "AB-A-9999", "AA9999"}
	seen := map[string]bool{}
	var all []string
	page := &page{glyphs: newGlyphs()}
	for len(all) < n {
		plate := strings.Map(func(c rune) rune {
			switch c {
			case 'A':
				return rune(letters[r.IntN(26)])
			case '9':
				return rune(digits[r.IntN(10)])
			}
			return c
		}, forms[r.IntN(len(forms))])
		form, reason := (&Selector{Value: plate}).settle(page)
		if reason == "" && !seen[string(form.canon)] {
			seen[string(form.canon)] = true
			all = append(all, plate)
		}
	}
	return all
}

// drawnPaste is a CSV of n lines, each with a stranger's plate but for those in
// which a planted one stands, in the spellings of people.
func drawnPaste(r *rand.Rand, n int, planted, strangers []string) string {
	spell := []func(string) string{
		func(s string) string { return s },
		strings.ToLower,
		func(s string) string { return strings.NewReplacer("-", "", " ", "").Replace(s) },
		func(s string) string { return strings.NewReplacer("-", " ", " ", "-").Replace(s) },
		func(s string) string { return strings.ReplaceAll(s, "0", "O") },
		func(s string) string { return strings.NewReplacer("A", "А", "B", "В", "C", "С").Replace(s) },
	}
	at := map[int]string{}
	for i, line := range r.Perm(n)[:len(planted)] {
		at[line] = spell[i%len(spell)](planted[i])
	}
	var b strings.Builder
	for i := range n {
		plate, ours := at[i]
		if !ours {
			plate = strangers[i%len(strangers)]
		}
		fmt.Fprintf(&b, "%d,2019-05-%02d %02d:%02d:%02d,lane %d,%s,camera %d looked north; 40 kB\n", 100000+i, 1+r.IntN(31), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(9), plate, r.IntN(300))
	}
	return b.String()
}

func TestPasteOfPlates(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	plates := drawnPlates(r, 150_000)
	ours, strangers := plates[:100_000], plates[100_000:]
	for _, keyed := range []bool{false, true} {
		s := openSets(t, DefaultOptions())
		set := loadSelectors(t, s, "plates", strings.Join(ours, "\n"), keyed)
		if set.Selectors != 100_000 || set.Entries != 0 || set.Version != 1 {
			t.Fatalf("got %+v", set)
		}
		hits := s.Text([]byte(drawnPaste(r, 50_000, ours[:1000], strangers)))
		if len(hits) != 1 || hits[0].Count != 1000 || hits[0].Occurrences != 1000 || len(hits[0].Samples) != maxSamples {
			t.Errorf("keyed %v: got %+v, want 1000 of 1000", keyed, hits)
		}
		if hits := s.Text([]byte(drawnPaste(r, 50_000, nil, strangers))); len(hits) != 0 {
			t.Errorf("keyed %v: strangers gave %+v", keyed, hits)
		}
	}
}

func TestBadSelectors(t *testing.T) {
	s := openSets(t, DefaultOptions())
	for _, c := range []struct{ list, want string }{
		{"", ErrNoRows.Error()},
		{"# only a comment\n\n", ErrNoRows.Error()},
		{"ABC1234\nA1\n12345\nABC,1234\n\xff\xfe\nA\x00B\n" + strings.Repeat("abc", 30) + "\na b c d e f g h i j k l m n\n" + strings.Repeat("a", 5000) + "\nplate:\n--\n",
			"list:2: 2 letters and digits: less than 4 stand everywhere\nlist:3: 5 digits: a number of less than 6 stands everywhere\n" +
				`list:4: "," ends a field of a table: give the parts as selectors of their own` + "\nlist:5: is not UTF-8: save the list as UTF-8\n" +
				"list:6: holds a NUL byte: is the list UTF-16? Save it as UTF-8\nlist:7: longer than 64 bytes in normal form\n" +
				"list:8: 14 words, at most 12 are joined\nlist:9: the line is longer than 4 KiB\nlist:10: 0 letters and digits: less than 4 stand everywhere\n" +
				"list:11: 0 letters and digits: less than 4 stand everywhere"},
	} {
		_, err := s.LoadSelectors(context.Background(), "x", ReadSelectors(strings.NewReader(c.list), "list"), false, "tester", nil)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.20q: got\n%v\nwant\n%s", c.list, err, c.want)
		}
	}
	if _, err := s.Show("x"); !errors.Is(err, ErrNoSet) {
		t.Errorf("a refused list made a set: %v", err)
	}
	set := loadSelectors(t, s, "x", "\uFEFFABC1234\nabc-1234\nhttps://example.org/a\nABCI234\r\n", false)
	if set.Selectors != 2 || set.Notes == nil || set.Notes.Notes != 2 {
		t.Errorf("got %d selectors, notes %v", set.Selectors, set.Notes)
	}
}

// FuzzText: no panic, keyed and plain find the same, and what was planted on a
// line of its own is found in any text.
func FuzzText(f *testing.F) {
	s := openSets(f, DefaultOptions())
	const list = "ABC1234\nproject bluebird\n2019-0417\nfile:IMG_1.jpg\nØ1ﬁ2"
	loadSelectors(f, s, "plain", list, false)
	loadSelectors(f, s, "keyed", list, true)
	for _, seed := range []string{"", "ABC 1234", "project\nbluebird ﬁ ½ 𝟏", "A-B-C-1-2-3-4", "l1l1l1 ABCl234", strings.Repeat("a1 ", 5000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		hits := s.Text(text)
		if len(hits) == 1 || len(hits) == 2 && (hits[0].Count != hits[1].Count || hits[0].Occurrences != hits[1].Occurrences) {
			t.Fatalf("plain and keyed differ: %+v", hits)
		}
		for _, h := range hits {
			for _, sample := range h.Samples {
				if !utf8.ValidString(sample) || !strings.Contains(sample, "•••") {
					t.Fatalf("sample %q", sample)
				}
			}
		}
		planted := s.Text(append(append(text, "\n\tABC1234\t\n"...), text...))
		if len(planted) != 2 || planted[0].Count < 1 {
			t.Fatalf("a planted selector is lost: %+v", planted)
		}
	})
}

// FuzzReadSelectors: no panic, and what is taken is found as it is written.
func FuzzReadSelectors(f *testing.F) {
	f.Add([]byte("plate:ABC1234\n# no\n\nfile:a/b.jpg\nkind:"))
	letters := newGlyphs()
	f.Fuzz(func(t *testing.T, list []byte) {
		for _, keyed := range []bool{false, true} {
			l := newSelectorLoad(letters, keyed)
			if err := l.read(context.Background(), ReadSelectors(strings.NewReader(string(list)), "-")); err != nil {
				continue
			}
			if err := l.selfTest(letters); err != nil {
				t.Fatal(err)
			}
		}
	})
}
