package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time as the config writes it: "90s", "1h30m", "7d".
type Duration time.Duration

// durationUnits in the order in which a text may name them. A duration is
// written in a unit from its least count on: "120s" and "24h" read better than
// "2m" and "1d".
var durationUnits = []struct {
	unit  string
	span  time.Duration
	least time.Duration
}{{"d", 24 * time.Hour, 2}, {"h", time.Hour, 1}, {"m", time.Minute, 5}, {"s", time.Second, 0}}

// maxDuration keeps sums of durations far from overflow.
const maxDuration = 100 * 365 * 24 * time.Hour

// UnmarshalText reads terms of a number and a unit, the largest unit first.
func (d *Duration) UnmarshalText(text []byte) error {
	rest := string(text)
	if rest == "" {
		return errors.New("no duration")
	}
	var sum float64
	units := durationUnits
	for rest != "" {
		number, unit, after := cutTerm(rest)
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return fmt.Errorf("%q is not a duration", text)
		}
		for len(units) > 0 && units[0].unit != unit {
			units = units[1:]
		}
		if len(units) == 0 {
			return fmt.Errorf("%q is not a duration", text)
		}
		sum += value * float64(units[0].span)
		units = units[1:]
		rest = after
	}
	if sum > float64(maxDuration) {
		return fmt.Errorf("%q is longer than a hundred years", text)
	}
	*d = Duration(math.Round(sum))
	return nil
}

// cutTerm splits "1.5h30m" into "1.5", "h" and "30m".
func cutTerm(text string) (number, unit, rest string) {
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' || c == '.' }
	i := 0
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	j := i
	for j < len(text) && !isDigit(text[j]) {
		j++
	}
	return text[:i], text[i:j], text[j:]
}

// MarshalText writes one number and the largest unit that reads well.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d Duration) String() string {
	span := time.Duration(d)
	for _, u := range durationUnits {
		if span%u.span == 0 && span >= u.least*u.span {
			return strconv.FormatInt(int64(span/u.span), 10) + u.unit
		}
	}
	return strconv.FormatFloat(span.Seconds(), 'f', -1, 64) + "s"
}

// Size is a number of bytes as the config writes it: "512B", "50GiB".
type Size int64

const (
	kib Size = 1 << 10
	mib Size = 1 << 20
	gib Size = 1 << 30
	tib Size = 1 << 40
)

var sizeUnits = []struct {
	unit  string
	bytes Size
}{{"TiB", tib}, {"GiB", gib}, {"MiB", mib}, {"KiB", kib}, {"B", 1}}

// UnmarshalText reads a number and one of B, KiB, MiB, GiB, TiB.
func (s *Size) UnmarshalText(text []byte) error {
	number, unit, rest := cutTerm(string(text))
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || rest != "" {
		return fmt.Errorf("%q is not a size", text)
	}
	for _, u := range sizeUnits {
		if u.unit != unit {
			continue
		}
		if value*float64(u.bytes) > float64(1<<20*tib) {
			return fmt.Errorf("%q is more than any disk holds", text)
		}
		*s = Size(math.Round(value * float64(u.bytes)))
		return nil
	}
	return fmt.Errorf("%q is not a size", text)
}

// MarshalText writes the largest unit that divides the size.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.unit
		}
	}
	return "0B"
}

// Pattern is a regular expression in RE2's syntax: linear time, whatever it is.
type Pattern struct{ *regexp.Regexp }

// UnmarshalText compiles the pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	compiled, err := regexp.Compile(string(text))
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	p.Regexp = compiled
	return nil
}

// MarshalText returns the pattern as it was written.
func (p Pattern) MarshalText() ([]byte, error) { return []byte(p.Regexp.String()), nil }
