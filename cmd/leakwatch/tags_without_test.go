//go:build !(nodynamic && wasm2go)

package main

// releaseTags are none where the tests are run without them.
const releaseTags = ""
