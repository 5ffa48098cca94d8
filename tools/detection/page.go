package main

import (
	"fmt"
	"os"
	"strings"
)

// writePage puts the tables between the two marks of their album in a page.
// What stands outside is written by hand.
func writePage(file string, m *measurement) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	page, err := replaced(string(old), m.trials[0].album.name, m.text())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(page), 0o644)
}

func replaced(page, name, tables string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", name), fmt.Sprintf("<!-- %s: end -->", name)
	head, rest, ok := strings.Cut(page, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("no marks for %s", name)
	}
	return head + begin + "\n" + strings.TrimSpace(tables) + "\n\n" + end + tail, nil
}
