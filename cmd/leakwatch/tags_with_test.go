//go:build nodynamic && wasm2go

package main

// releaseTags are those of the build that users get.
const releaseTags = "nodynamic,wasm2go"
