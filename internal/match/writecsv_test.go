package match

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"
)

// writeCSV writes entries with a header, as ReadRows must give them back byte
// for byte, but for line breaks in a path.
func writeCSV(w io.Writer, rows iter.Seq2[Entry, error]) error {
	out := csv.NewWriter(w)
	oneLine := strings.NewReplacer("\r", "\uFFFD", "\n", "\uFFFD")
	if err := out.Write(strings.Split(columnNames, ", ")); err != nil {
		return err
	}
	for e, err := range rows {
		if err != nil {
			return err
		}
		quality, size, pdq, p := "", "", "", ""
		if e.Quality != UnknownQuality {
			quality = strconv.Itoa(e.Quality)
		}
		if e.Size > 0 || e.manifest() {
			size = strconv.FormatInt(e.Size, 10)
		}
		if e.PDQ != nil {
			pdq = e.PDQ.String()
		}
		if e.PHash != nil {
			p = e.PHash.String()
		}
		if err := out.Write([]string{e.Ref, e.SHA256, e.SHA1, e.CRC32, oneLine.Replace(e.Path), size, pdq, quality, p}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
