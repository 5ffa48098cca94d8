//go:build race

package kv_test

const raceDetector = true
