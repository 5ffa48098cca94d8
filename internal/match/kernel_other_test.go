//go:build !amd64 || purego

package match

import "testing"

func otherKernels(*testing.T, func(name string, one kernelOneFunc, eight kernelEightFunc)) {}
