package crawler

import (
	"bytes"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// maxSelected is how many bytes of page are parsed into a tree: attributes by
// the hundred thousand cost seconds there.
const maxSelected = 2 << 20

// CheckSelector says what is wrong with a CSS selector, if anything. None is
// good too.
func CheckSelector(css string) error {
	if css == "" {
		return nil
	}
	_, err := cascadia.ParseGroup(css)
	return err
}

// linksWithin gives the links, as they stand in the page, of the elements that
// match a CSS selector. Where the tree cannot be had or the selector matches
// nothing it gives nil, and says why: then every link of the page is taken,
// so that no page hides behind a selector.
func linksWithin(body []byte, selector string) (map[string]bool, string) {
	if len(body) > maxSelected {
		return nil, "too long for the selector: every link is taken"
	}
	// Without scripting the insides of noscript are elements.
	root, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, "too deep for the selector: every link is taken"
	}
	selected := goquery.NewDocumentFromNode(root).Find(selector)
	if selected.Length() == 0 {
		return nil, "the selector matches nothing: every link is taken"
	}
	links := map[string]bool{}
	take := func(_ int, s *goquery.Selection) {
		for _, key := range []string{"href", "src", "data"} {
			if value, ok := s.Attr(key); ok {
				links[value] = true
			}
		}
	}
	selected.Find("a, area, iframe, frame, link, object").Each(take)
	selected.Filter("a, area, iframe, frame, link, object").Each(take)
	return links, ""
}
