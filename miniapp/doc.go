// Package miniapp is the pages: sign-in, sessions, errors and limits around the phone's
// pages (h5), the staff desk (desk) and the JSON API (api).
//
//	request ── Wrap: request id, headers
//	   │
//	   ├── /now, /static/, WW_verify_….txt     for everybody, no session, no database
//	   ├── /signin ──> WeCom ──> /signin?code  (see signin.go)
//	   ├── /m/, /desk/   session ── same origin ── limit ── page.Handler
//	   └── /api/v1/      session or token ── same origin ── limit ── page.Handler
//
// A session says which WeCom userid is here. Who that is, and whether they are still at
// the school, is asked in the transaction of every request; a stranger reads one page
// that says what to do and sees nothing else (D-36).
//
// The API answers errors as {kind, message, fields}, pages as a page; package errs says
// which status. With Redis gone, limits let everybody pass and sign-in asks for patience.
package miniapp
