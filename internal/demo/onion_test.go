package demo

import "testing"

func TestOnion(t *testing.T) {
	a, b := Onion("a"), Onion("b")
	if a == b || a != Onion("a") {
		t.Errorf("addresses %s and %s: want two, each always the same", a, b)
	}
	for host, want := range map[string]bool{
		a: true, "www." + b: true,
		"duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion": true, // a real one
		"duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczae.onion": false,
		"expyuzz4wqqyqhjn.onion": false, ".onion": false, "example.com": false, "": false,
	} {
		if got := validOnion(host); got != want {
			t.Errorf("validOnion(%q) = %t, want %t", host, got, want)
		}
	}
}
