package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"runtime"
	"sync"
)

// Photo is one picture of the data set.
type Photo struct {
	Name string // opaque, as "0001.jpg"
	Kind string // "lane" or "plate"
	JPEG []byte // the file
}

// Image is the decoded file.
func (p Photo) Image() image.Image {
	img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	if err != nil {
		panic(fmt.Sprintf("demo: corrupt drawing %s: %v", p.Name, err))
	}
	return img
}

const cameras = 6

// Set draws a data set of n pictures, three lanes to two plates. The same seed
// gives the same pictures, and a smaller set is the beginning of a larger one.
func Set(n int, seed uint64) []Photo {
	cams := make([]*camera, min(n, cameras))
	each(len(cams), func(i int) { cams[i] = newCamera(i, seed) })
	photos := make([]Photo, n)
	each(n, func(i int) {
		p := Photo{Name: fmt.Sprintf("%04d.jpg", i+1), Kind: "lane"}
		if i%5 < 3 {
			p.JPEG = encodeJPEG(drawLane(cams, i/5*3+i%5, seed), 88)
		} else {
			p.Kind = "plate"
			p.JPEG = encodeJPEG(drawPlate(i, seed), 88)
		}
		photos[i] = p
	})
	return photos
}

func encodeJPEG(img image.Image, quality int) []byte {
	if c, ok := img.(*canvas); ok {
		img = c.RGBA // the encoder is fast for what it knows
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic(fmt.Sprintf("demo: encode: %v", err)) // memory does not fail
	}
	return b.Bytes()
}

// each calls f for 0 to n-1 on all cores.
func each(n int, f func(i int)) {
	var next sync.Mutex
	var wg sync.WaitGroup
	at := 0
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				next.Lock()
				i := at
				at++
				next.Unlock()
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}
