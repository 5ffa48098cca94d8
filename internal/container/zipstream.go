package container

// streamZip reads a zip from the front, by its local headers.
func streamZip(w *walk, b *box) error {
	return fault("unsupported", "a zip that can only be read once")
}
