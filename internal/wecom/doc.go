// Package wecom speaks with WeCom (企业微信) for one self-built app: it opens what WeCom posts to
// us and calls WeCom's API. It keeps no truth and takes no decision of the product, and it is the
// only package that imports the WeChat SDK.
//
// # In: callbacks
//
// A Codec is built once from Token, EncodingAESKey and corp id. Open takes an envelope through
//
//	envelope -> signature (constant time) -> AES-CBC -> padding, length -> receive id -> XML
//
// and refuses with ErrSignature, ErrMalformed or ErrReceiveID; whether the timestamp is recent
// is asked by the caller, who has a clock. Decode turns the XML into a Callback. The common, flat
// messages are read in one pass without reflection; whatever is nested or unusual is read by
// encoding/xml, and a fuzz test holds that both read the same. A type we do not know is a
// Callback with Known false, never an error: WeCom adds events without asking.
//
// # Out: calls
//
// Every call goes the same way:
//
//	rate-limit window -> access token -> place at the gate -> breaker -> HTTP -> errcode
//
// and ends in one of three: a result, an *APIError (WeCom's errcode), or a *TransportError (no
// usable answer). ActionOf reads from any of them what the caller should do. The client itself
// only does what is quick: a refused token is replaced and the call repeated once; -1 and 6000
// are repeated within a small budget; 45033 lowers concurrency; 45009 closes the API until a
// time that APIError.Until tells. Whoever keeps the message does the long retries, and because a
// send's bytes are identical and its duplicate check is on, may do them after ActionUnclear too.
//
// The access token and the two JS tickets are leases:
//
//	none -> fetched (one process, one goroutine) -> held in memory and Redis -> expired or dropped -> none
//
// A lease is dropped only if the refused value is still the one in use, so fifty refused calls
// fetch once. With Redis away each process fetches its own. A refused secret is not tried again
// for a minute and then ever longer, since WeCom blocks the address of who keeps trying.
//
// Secrets (corpsecret, access_token, code, key, ticket) are in URLs, so no error and no log line
// of this package quotes a URL, and every foreign text is redacted.
//
// # Why not the SDK's own calls
//
// The SDK's functions take no context, have no timeout, put the URL with its secrets into their
// errors, keep a refused token for its whole life, and share one HTTP client and one fixed host
// through package variables, so a simulator beside the real API, or two clients in one test,
// would disturb each other. It lacks card updates, recall, menus and schedules. Used of it are
// the access-token handle, the answers' types, its error type and its signature function; in the
// tests its cryptography is the other side of ours.
package wecom
