package phash

// Window is a part of a picture: x0, y0, x1, y1 as shares of its sides.
type Window [4]float64

// Whole is the window of a picture that is taken as it stands.
func Whole() Window { return Window{0, 0, 1, 1} }

// ThumbSide is the edge of a Thumb.
const ThumbSide = 64

// Thumb is a picture as 64x64 grey values, each the average of its cell,
// whatever the shape of the picture. It is a picture: keep it as one.
type Thumb [ThumbSide * ThumbSide]uint8

// Point is a keypoint: a corner with the pattern around it.
type Point struct {
	X, Y       float32   // in units of the picture's long side, from its upper left corner
	Scale      float32   // how many pixels of Points.Width one of its level is: 1, 1.22, ...
	Angle      float32   // radians, 0 to 2 pi, from the x axis towards the y axis
	Descriptor [4]uint64 // 256 comparisons, to be counted by Hamming distance
}

// Points are the keypoints of a picture.
type Points struct {
	Width, Height int // of the plane on which they were found, in pixels
	List          []Point
}
