//go:build !(nodynamic && wasm2go)

package picture

import (
	"image"
	"io"
)

// decodeAV1 stands for the decoder, which a plain build does without: it takes
// a minute to compile.
func decodeAV1(io.Reader) (image.Image, error) {
	return nil, refuse("unsupported", "this build has no AVIF: -tags nodynamic,wasm2go")
}
