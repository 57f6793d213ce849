package photo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/photo"
)

// landscape is red at its left and blue at its right.
func landscape(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 255, A: 255}
			if x >= w/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func asJPEG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// exif puts an orientation, and a place the picture was taken at, into a JPEG.
func exif(content []byte, orientation uint16) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	tiff = binary.LittleEndian.AppendUint16(tiff, 0x0112)
	tiff = binary.LittleEndian.AppendUint16(tiff, 3)
	tiff = binary.LittleEndian.AppendUint32(tiff, 1)
	tiff = binary.LittleEndian.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	tiff = append(tiff, "GPS 31.05 121.21"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := []byte{0xFF, 0xD8, 0xFF, 0xE1}
	out = binary.BigEndian.AppendUint16(out, uint16(len(segment)+2))
	out = append(out, segment...)
	return append(out, content[2:]...)
}

// claiming is a PNG of a few bytes whose header says it is w by h.
func claiming(w, h uint32) []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d")
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 2, 0, 0, 0)
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestRead(t *testing.T) {
	t.Parallel()
	whole := asJPEG(t, landscape(800, 600))
	tests := []struct {
		name    string
		content []byte
		want    error
	}{
		{"a jpeg", whole, nil},
		{"a png", asPNG(t, landscape(300, 200)), nil},
		{"a pdf that was renamed", []byte("%PDF-1.7\n1 0 obj"), photo.ErrNotPhoto},
		{"a page that was renamed", []byte("<html><script>alert(1)</script>"), photo.ErrNotPhoto},
		{"nothing", nil, photo.ErrNotPhoto},
		{"twenty-five megabytes", append(bytes.Clone(whole), make([]byte, 25<<20)...), photo.ErrTooLarge},
		{"four hundred megapixels in a few bytes", claiming(20_000, 20_000), photo.ErrTooMany},
		{"a picture that broke off", whole[:len(whole)/2], photo.ErrDamaged},
		{"a header and nothing behind it", claiming(100, 100), photo.ErrDamaged},
		{"a single dot", asPNG(t, landscape(2, 2)), photo.ErrTooSmall},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, err := photo.NewReader(1).Read(t.Context(), test.content)
			if !errors.Is(err, test.want) {
				t.Fatalf("Read = %v, want %v", err, test.want)
			}
			if err == nil && (len(p.JPEG) == 0 || len(p.Thumb) == 0) {
				t.Error("a picture that was taken has no content")
			}
			if err != nil && errs.MessageOf(err) == errs.Apology {
				t.Error("what is wrong with a picture is the person's to mend, not ours")
			}
		})
	}
}

func TestAPictureStandsUprightAndForgetsWhereItWasTaken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		orientation uint16
		w, h        int
		redAt       image.Point // where the left of the picture as stored ends up
	}{
		{1, 400, 200, image.Pt(20, 100)},
		{2, 400, 200, image.Pt(380, 100)},
		{3, 400, 200, image.Pt(380, 100)},
		{4, 400, 200, image.Pt(20, 100)},
		{5, 200, 400, image.Pt(100, 20)},
		{6, 200, 400, image.Pt(100, 20)},
		{7, 200, 400, image.Pt(100, 380)},
		{8, 200, 400, image.Pt(100, 380)},
		{99, 400, 200, image.Pt(20, 100)},
	}
	for _, test := range tests {
		p, err := photo.NewReader(1).Read(t.Context(), exif(asJPEG(t, landscape(400, 200)), test.orientation))
		if err != nil {
			t.Fatalf("orientation %d: %v", test.orientation, err)
		}
		if bytes.Contains(p.JPEG, []byte("Exif")) || bytes.Contains(p.JPEG, []byte("GPS")) {
			t.Errorf("orientation %d: the picture still says where it was taken", test.orientation)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != test.w || p.Height != test.h || img.Bounds().Dx() != test.w || img.Bounds().Dy() != test.h {
			t.Errorf("orientation %d: %d by %d, want %d by %d", test.orientation, p.Width, p.Height, test.w, test.h)
			continue
		}
		if r, _, b, _ := img.At(test.redAt.X, test.redAt.Y).RGBA(); r < b {
			t.Errorf("orientation %d: %v is not the side it should be", test.orientation, test.redAt)
		}
	}
}

func TestALargePictureIsKeptSmaller(t *testing.T) {
	t.Parallel()
	p, err := photo.NewReader(1).Read(t.Context(), asJPEG(t, landscape(4200, 2100)))
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != photo.MaxSide || p.Height != photo.MaxSide/2 {
		t.Errorf("kept as %d by %d", p.Width, p.Height)
	}
	thumb, err := jpeg.DecodeConfig(bytes.NewReader(p.Thumb))
	if err != nil || thumb.Width != photo.ThumbSide || thumb.Height != photo.ThumbSide/2 {
		t.Errorf("thumbnail %d by %d, %v", thumb.Width, thumb.Height, err)
	}
}

// Whatever is sent as a picture, Read neither panics nor gives back something that is
// not a picture.
func FuzzRead(f *testing.F) {
	small := asJPEG(f, landscape(32, 32))
	f.Add(small)
	f.Add(exif(small, 6))
	f.Add(asPNG(f, landscape(32, 32)))
	f.Add(claiming(20_000, 20_000))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L"))
	r := photo.NewReader(1)
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := r.Read(t.Context(), content)
		if err != nil {
			return
		}
		if _, err := jpeg.Decode(bytes.NewReader(p.JPEG)); err != nil {
			t.Errorf("what was taken is no picture: %v", err)
		}
	})
}
