package photo

import (
	"bytes"
	"encoding/binary"
)

// orientationTag is where EXIF says how the camera was held.
const orientationTag = 0x0112

// orientation returns the EXIF orientation of a JPEG, 1 (upright) where it says none
// or cannot be read. It walks the segments up to the picture data.
func orientation(content []byte) int {
	if len(content) < 4 || content[0] != 0xFF || content[1] != 0xD8 {
		return 1
	}
	for rest := content[2:]; len(rest) >= 4 && rest[0] == 0xFF; {
		marker, size := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xDA || size < 2 || 2+size > len(rest) {
			return 1
		}
		segment := rest[4 : 2+size]
		if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && marker == 0xE1 {
			return tiffOrientation(tiff)
		}
		rest = rest[2+size:]
	}
	return 1
}

// tiffOrientation reads the tag from the first directory of a TIFF header.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return 1
	}
	dir := tiff[start:]
	const entry = 12
	for i := range int(order.Uint16(dir)) {
		at := 2 + i*entry
		if at+entry > len(dir) {
			return 1
		}
		if order.Uint16(dir[at:]) == orientationTag {
			return int(order.Uint16(dir[at+8:]))
		}
	}
	return 1
}
