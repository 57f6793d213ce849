package document

import (
	"bytes"
	"compress/gzip"
	"io"
)

// Wrap and FontData let the tests see inside.
var Wrap = wrap

func FontData() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packedFont))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
