// Package photo takes the picture a person sends and gives back one that is safe to
// keep and to show: upright, no larger than needed, and without what the camera wrote
// into it.
//
//	bytes ──≤ 10 MB──> what is it? ──jpeg, png, webp──> how many pixels? ──≤ 25 million──> decode
//	      ──> upright (EXIF orientation) ──> scale ──> JPEG without metadata, and a thumbnail
//
// The content decides what a file is, not its name. A picture is measured from its
// header before memory is spent on it, and only as many are decoded at once as there
// are places in the Reader: a small file can claim 400 million pixels (D-48, R-08).
// Where a picture was taken, and with what, is never kept.
package photo
