package photo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png" // decoders register themselves
	"net/http"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"github.com/xuegong/xuegong/internal/errs"
)

// The limits of a picture.
const (
	MaxBytes  = 10 << 20   // of the file as sent
	MaxPixels = 25_000_000 // width times height, before anything is decoded
	MaxSide   = 3000       // of what is kept: small print on an A4 page stays readable
	ThumbSide = 320        // of the thumbnail
	minSide   = 16         // below it there is nothing to see
)

// What a person reads whose picture cannot be taken.
var (
	ErrTooLarge = errs.New(errs.TooLarge, "照片超过 10 MB。请用手机的普通画质重拍，或在相册里压缩后再传。")
	ErrNotPhoto = errs.New(errs.Invalid, "这个文件不是照片。请传 JPG、PNG 或 WebP 格式的照片，不要改扩展名。")
	ErrTooMany  = errs.New(errs.Invalid, "照片尺寸太大，最多 2500 万像素。请用手机的普通画质重拍。")
	ErrDamaged  = errs.New(errs.Invalid, "这张照片打不开，可能没有传完整。请重新拍一张。")
	ErrTooSmall = errs.New(errs.Invalid, "这张照片太小，看不清内容。请重新拍一张。")
)

// Photo is a picture as it is kept: JPEG, upright, without metadata.
type Photo struct {
	JPEG          []byte
	Thumb         []byte // JPEG, at most ThumbSide on its longer side
	Width, Height int    // of JPEG
}

// Reader decodes a bounded number of pictures at once.
type Reader struct{ places chan struct{} }

// NewReader returns a Reader that decodes up to n pictures at once, at least one.
func NewReader(n int) *Reader { return &Reader{places: make(chan struct{}, max(1, n))} }

// Read checks and renews a picture. Every error about the content is one of this
// package's; it waits for a place, and gives up when ctx ends.
func (r *Reader) Read(ctx context.Context, content []byte) (Photo, error) {
	if err := check(content); err != nil {
		return Photo{}, err
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	case <-ctx.Done():
		return Photo{}, fmt.Errorf("wait to decode a picture: %w", ctx.Err())
	}
	src, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return Photo{}, errs.Wrap(err, ErrDamaged.Kind, ErrDamaged.Message)
	}
	return renew(scaled(src, MaxSide), orientation(content))
}

// check judges a picture by its first bytes.
func check(content []byte) error {
	if len(content) > MaxBytes {
		return ErrTooLarge
	}
	switch http.DetectContentType(content) {
	case "image/jpeg", "image/png", "image/webp":
	default:
		return ErrNotPhoto
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(content))
	switch {
	case err != nil:
		return errs.Wrap(err, ErrDamaged.Kind, ErrDamaged.Message)
	case int64(c.Width)*int64(c.Height) > MaxPixels:
		return ErrTooMany
	case c.Width < minSide || c.Height < minSide:
		return ErrTooSmall
	}
	return nil
}

// renew turns the picture upright and writes it anew, which leaves the metadata behind.
func renew(src *image.RGBA, o int) (p Photo, err error) {
	upright := turned(src, o)
	p.Width, p.Height = upright.Bounds().Dx(), upright.Bounds().Dy()
	if p.JPEG, err = encode(upright, 85); err != nil {
		return Photo{}, err
	}
	p.Thumb, err = encode(scaled(upright, ThumbSide), 75)
	return p, err
}

func encode(img image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// scaled returns the picture on white, with its longer side at most side.
func scaled(src image.Image, side int) *image.RGBA {
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if w == src.Bounds().Dx() && h == src.Bounds().Dy() {
		draw.Draw(dst, dst.Bounds(), src, src.Bounds().Min, draw.Over)
		return dst
	}
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Over, nil)
	return dst
}

// turned applies an EXIF orientation, 1 to 8; every other value changes nothing.
func turned(src *image.RGBA, o int) *image.RGBA {
	if o < 2 || o > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			to := dst.PixOffset(place(o, x, y, w, h))
			copy(dst.Pix[to:to+4], src.Pix[src.PixOffset(x, y):])
		}
	}
	return dst
}

// place is where the pixel (x, y) of a w by h picture goes.
func place(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default:
		return y, w - 1 - x
	}
}
