package phash

import "image"

// Of is OfTurned of the picture as it is, by the plain way: it samples the plane
// alone. The tests hold the two equal.
func Of(luma *image.Gray, native image.Point) (Print, error) {
	across, down, err := spansFor(luma, native)
	if err != nil {
		return Print{}, err
	}
	s := sample(luma, across, down)
	c := s.dct(cosinesOf())
	return printOf(luma, s, c.hash(c.median()))
}

// Turns are those of OfTurned; a plane that it refuses gives eight zero hashes.
func Turns(luma *image.Gray) [8]PDQ {
	_, turns, _ := OfTurned(luma, image.Point{})
	return turns
}
