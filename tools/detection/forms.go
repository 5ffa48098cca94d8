package main

import "math"

// form is one way in which a picture is posted again: steps that change its
// pixels, and how the file is written.
type form struct {
	name, group string
	how         string // for the table
	steps       []step
	write       encoder
}

// apply makes the file.
func (f *form) apply(s *subject) ([]byte, error) {
	for _, change := range f.steps {
		change(s)
	}
	return f.write(s.p)
}

// plainJPEG is how a form is written that says nothing of it.
const plainJPEG = 90

// tableForms are the 65 forms over which recall is averaged. v is an 8-bit
// value of a channel, W and H the sides of the picture. A form that names no
// encoding is JPEG 90.
func tableForms() []form {
	std := asJPEG(plainJPEG)
	list := func(steps ...step) []step { return steps }
	forms := []form{
		{"png", "codec", "PNG", nil, asPNG},
		{"jpeg-q90", "codec", "JPEG 90", nil, asJPEG(90)},
		{"jpeg-q50", "codec", "JPEG 50", nil, asJPEG(50)},
		{"jpeg-q20", "codec", "JPEG 20", nil, asJPEG(20)},
		{"jpeg-q10", "codec", "JPEG 10", nil, asJPEG(10)},
		{"webp-q50", "codec", "lossy WebP 50", nil, asWebP(50)},
		{"gif-256", "codec", "GIF, 256 colours", nil, asGIF},

		{"resize-75", "size", "scale .75, JPEG 80 as all of these", list(scaled(.75)), asJPEG(80)},
		{"resize-50", "size", "scale .5", list(scaled(.5)), asJPEG(80)},
		{"resize-25", "size", "scale .25", list(scaled(.25)), asJPEG(80)},
		{"resize-12", "12 % size", "scale .12", list(scaled(.12)), asJPEG(80)},
		{"thumb-150", "size", "fitted into 150x150, JPEG 75", list(fitted(150, 150)), asJPEG(75)},
		{"up-150", "size", "scale 1.5", list(scaled(1.5)), asJPEG(80)},

		{"bright+40", "tone", "v + 40", list(tone(func(v float64) float64 { return v + 40 })), std},
		{"bright-40", "tone", "v - 40", list(tone(func(v float64) float64 { return v - 40 })), std},
		{"contrast+50", "tone", "1.5 (v - 128) + 128", list(tone(func(v float64) float64 { return 1.5*(v-128) + 128 })), std},
		{"contrast-40", "tone", ".6 (v - 128) + 128", list(tone(func(v float64) float64 { return .6*(v-128) + 128 })), std},
		{"gamma-0.5", "tone", "255 (v/255)^.5", list(tone(gamma(.5))), std},
		{"gamma-2", "tone", "255 (v/255)^2", list(tone(gamma(2))), std},
		{"gray", "tone", ".299 R + .587 G + .114 B", list(grayed), std},
		{"tint", "tone", "1.2 R + 10, G, .7 B", list(tinted), std},

		{"blur", "filter", "box blur twice, radius max(1, W/200)", list(blurred(1, 200)), std},
		{"blur-strong", "filter", "the same, max(2, W/70)", list(blurred(2, 70)), std},
		{"sharpen", "filter", "v + 1.5 (v - blur of radius 1)", list(sharpened), std},
		{"noise-12", "filter", "Gaussian noise, sd 12 per channel", list(noisy(12)), std},

		{"wm-small", "overlay", "white name of a site lower right, .045 H", list(signed), std},
		{"wm-tiled", "overlay", "white word, .11 H, 45 % opaque, all over", list(tiled), std},
		{"banner-13", "overlay", "lowest .13 H black, yellow text", list(bannered), std},
		{"logo-17", "overlay", "red disc, .17 W, upper left, two letters", list(badged), std},

		{"plate-black", "redaction", "x .38-.62, y .60-.74 black", list(blacked(plateBox())), std},
		{"plate-blur", "redaction", "that box blurred, radius max(3, W/40)", list(smeared(plateBox())), std},
		{"face-black", "redaction", "x .40-.60, y .20-.45 black", list(blacked(faceBox())), std},
		{"face-blur", "redaction", "that box blurred", list(smeared(faceBox())), std},

		{"border-5", "border", "white margin, .05 of the long side", list(bordered(.05, white)), std},
		{"border-15", "border", "black margin, .15", list(bordered(.15, black)), std},
		{"letterbox-v", "letterbox", "black above and below to max(W, 1.25 H)", list(letterboxed(true)), std},
		{"letterbox-h", "letterbox", "black beside to max(2.33 H, 1.25 W)", list(letterboxed(false)), std},
		{"chrome", "browser", "viewer in a browser, 1200x760, fitted into 1000x640, JPEG 85", list(inBrowser), asJPEG(85)},
		{"page", "page", "forum page, 1200x900, fitted into 640x500, JPEG 85", list(inPage), asJPEG(85)},
	}
	return append(forms, tableForms2(std)...)
}

func tableForms2(std encoder) []form {
	list := func(steps ...step) []step { return steps }
	return []form{
		{"crop-5", "crop", "centred, 5 % of the area gone", list(centred(.05)), std},
		{"crop-10", "crop", "10 % gone", list(centred(.10)), std},
		{"crop-20", "crop", "20 % gone", list(centred(.20)), std},
		{"crop-30", "crop", "30 % gone", list(centred(.30)), std},
		{"crop-side10", "crop", "x .1-1, y .1-1", list(cropped(box{.1, .1, 1, 1})), std},
		{"crop-corner25", "crop", "x 0-.866, y .134-1", list(cropped(box{0, .134, .866, 1})), std},
		{"crop-half", "half", "x, y .15-.86", list(cropped(box{.15, .15, .86, .86})), std},
		{"crop-quarter", "quarter", "x .3-.8, y .4-.9", list(cropped(box{.3, .4, .8, .9})), std},

		{"rot-1", "turn", "1 degree, canvas grown, black corners", list(rotated(1)), std},
		{"rot-2", "turn", "2 degrees", list(rotated(2)), std},
		{"rot-5", "turn", "5 degrees", list(rotated(5)), std},
		{"rot-90", "mirror, quarter turn", "exact", list(turned(6)), std},
		{"rot-180", "mirror, quarter turn", "exact", list(turned(3)), std},
		{"rot-270", "mirror, quarter turn", "exact", list(turned(8)), std},
		{"mirror", "mirror, quarter turn", "left to right", list(turned(2)), std},
		{"squeeze-80", "squeeze", "width x .8", list(squeezed(.8)), std},
		{"squeeze-60", "squeeze", "width x .6", list(squeezed(.6)), std},

		{"montage-2x2", "sheet", "1200x900, 2x2 cells, gap 12 white, JPEG 80", list(onSheet(2, 2, 12, white)), asJPEG(80)},
		{"montage-3x3", "3x3 sheet", "3x3, gap 10 black", list(onSheet(3, 3, 10, black)), asJPEG(80)},
		{"montage-4x5", "sheet", "4 columns, 5 rows, gap 8 white", list(onSheet(4, 5, 8, white)), asJPEG(80)},
		{"montage-2x2-nogap", "sheet without gaps", "2x2, no gap, black", list(onSheet(2, 2, 0, black)), asJPEG(80)},

		{"r50+q40+wm", "combined", "scale .5, wm-small, JPEG 40", list(scaled(.5), signed), asJPEG(40)},
		{"crop10+r50+q40", "combined", "crop .026-.974, scale .5, JPEG 40", list(cropped(box{.026, .026, .974, .974}), scaled(.5)), asJPEG(40)},
		{"mirror+r50+banner", "combined", "mirror, scale .5, banner, JPEG 60", list(turned(2), scaled(.5), bannered), asJPEG(60)},
		{"border+r50+q30+gray", "combined", "black margin .05, scale .5, grey, JPEG 30", list(bordered(.05, black), scaled(.5), grayed), asJPEG(30)},
		{"chrome+crop10", "combined", "crop .05-.95, chrome, JPEG 60", list(cropped(box{.05, .05, .95, .95}), inBrowser), asJPEG(60)},
	}
}

// centred is the crop that loses a share of the area and keeps the middle.
func centred(lost float64) step {
	d := (1 - math.Sqrt(1-lost)) / 2
	return cropped(box{d, d, 1 - d, 1 - d})
}
