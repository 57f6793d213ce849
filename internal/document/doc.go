// Package document makes the papers the school hands out: one A4 page, Chinese typeset
// as Chinese is, with a number, a verification code and its QR, signed.
//
//	Certificate ──Missing? (rare characters)──> Press.Certificate ──> PDF ──Sign──> PDF with a signature
//
// A page with a hole in a name is worse than none: Missing tells before anything is
// issued which characters the font does not have, and Certificate refuses them.
//
// The signature is an incremental update with a detached PKCS #7 over everything before
// it, by whatever Signer the school has. A self-signed one proves only that nothing was
// changed since; without a licensed seal the page therefore says that the online check
// counts (以在线核验为准), and no seal is ever drawn.
//
// The font is unpacked when the first page is made, not when the program starts.
package document
