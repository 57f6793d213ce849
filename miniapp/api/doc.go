// Package api is the JSON API below /api/v1, one file for each feature.
//
// It says and does what the pages do, with the same verbs. Times are RFC 3339 in the
// school's zone, ids are public ids, lists are {"items": […]}. An error is {kind,
// message, fields}, message being the sentence a person reads. A POST that carries an
// Idempotency-Key takes effect once; its repeat answers 200 with the same resource.
//
// openapi.json describes it; a test holds the two together.
package api
