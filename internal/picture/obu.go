package picture

// sequence is what the headers in an AV1 stream say of its frames (AV1
// Bitstream & Decoding Process Specification, 5.3 to 5.5).
type sequence struct {
	width, height int // the most that any frame may have
	frames        int
}

// readOBUs walks over the units of a stream. Each sequence header is looked at:
// the largest counts. A frame of a stream with the short header of still
// pictures has the size of that; any other may state its own, in as many bits as
// the sequence header gives it.
func readOBUs(data []byte) sequence {
	var s sequence
	for len(data) > 0 {
		head := data[0]
		data = data[1:]
		if head&4 != 0 && len(data) > 0 { // an extension
			data = data[1:]
		}
		n := uint64(len(data))
		if head&2 != 0 {
			n, data = leb128(data)
		}
		body := data[:min(n, uint64(len(data)))]
		data = data[len(body):]
		switch head >> 3 & 15 {
		case 1:
			w, h := sequenceSize(body)
			s.width, s.height = max(s.width, w), max(s.height, h)
		case 3, 6, 7: // a frame, or its header; a second one may stand for a lost first
			s.frames++
		}
	}
	return s
}

// leb128 reads a number of up to eight bytes of seven bits.
func leb128(data []byte) (n uint64, rest []byte) {
	for i := range min(8, len(data)) {
		n |= uint64(data[i]&0x7f) << (7 * i)
		if data[i]&0x80 == 0 {
			return n, data[i+1:]
		}
	}
	return n, data[min(8, len(data)):]
}

// sequenceSize reads the size from a sequence header.
func sequenceSize(body []byte) (w, h int) {
	b := bitsOf{data: body}
	b.read(3) // profile
	b.read(1)
	short := b.read(1) == 1
	if short {
		b.read(5)
	} else {
		delay := b.timing()
		later := b.read(1) == 1
		for range 1 + b.read(5) {
			b.read(12)
			if b.read(5) > 7 {
				b.read(1)
			}
			if delay > 0 && b.read(1) == 1 {
				b.read(delay)
				b.read(delay)
				b.read(1)
			}
			if later && b.read(1) == 1 {
				b.read(4)
			}
		}
	}
	wide, high := 1+b.read(4), 1+b.read(4)
	w, h = 1+b.read(wide), 1+b.read(high)
	if !short {
		w, h = 1<<wide, 1<<high
	}
	return w, h
}

// timing passes over timing_info and decoder_model_info; it returns how many
// bits a delay of the latter has, 0 if there is none.
func (b *bitsOf) timing() int {
	if b.read(1) == 0 {
		return 0
	}
	b.read(32)
	b.read(32)
	if b.read(1) == 1 { // a number with as many zeros before it as it has bits
		zeros := 0
		for zeros < 32 && b.read(1) == 0 {
			zeros++
		}
		b.read(zeros)
	}
	if b.read(1) == 0 {
		return 0
	}
	delay := 1 + b.read(5)
	b.read(32)
	b.read(5)
	b.read(5)
	return delay
}

// bitsOf reads bits from the highest on; beyond the end all are 0.
type bitsOf struct {
	data []byte
	at   int
}

func (b *bitsOf) read(n int) int {
	v := 0
	for range n {
		bit := 0
		if i := b.at / 8; i < len(b.data) {
			bit = int(b.data[i]>>(7-b.at%8)) & 1
		}
		v = v<<1 | bit
		b.at++
	}
	return v
}
