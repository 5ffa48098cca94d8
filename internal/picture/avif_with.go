//go:build nodynamic && wasm2go

package picture

import (
	"image"
	"io"

	"github.com/gen2brain/avif"
)

// decodeAV1 decodes an AVIF with libavif and dav1d, which were compiled to
// WebAssembly and then to Go: every access to memory is checked, no code is made
// at run time, nothing is loaded. Without the tags the same module would load
// C libraries of the system.
func decodeAV1(r io.Reader) (image.Image, error) { return avif.Decode(r) }
