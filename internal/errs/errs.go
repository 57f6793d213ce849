package errs

import (
	"errors"
	"net/http"
)

// Kind tells the machine what went wrong. The zero Kind is Internal.
type Kind string

// The kinds, each with one HTTP status (see Status).
const (
	Internal        Kind = ""
	Invalid         Kind = "invalid"         // the input is wrong; Fields says where
	Unauthenticated Kind = "unauthenticated" // nobody is signed in
	Forbidden       Kind = "forbidden"       // this person may not do this
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict" // the state changed, or a limit is reached
	TooLarge        Kind = "too_large"
	TooMany         Kind = "too_many" // rate limited, try later
	Unavailable     Kind = "unavailable"
)

// Apology is what a person reads when the fault is ours.
const Apology = "这一步没有完成，是我们这边出了问题。你填的内容还在，过一会儿再试；着急可以直接联系学工办。"

// Error carries what the machine needs (Kind), what the person reads (Message, Fields)
// and what only the log may see (Err).
type Error struct {
	Kind    Kind
	Message string            // one Chinese sentence: what happened and what to do next
	Fields  map[string]string // input name to the sentence shown at that field
	Err     error             // cause, never shown
}

// New returns an error of the kind with the sentence the person reads.
func New(kind Kind, message string) *Error { return &Error{Kind: kind, Message: message} }

// Wrap keeps err for the log behind a sentence for the person.
func Wrap(err error, kind Kind, message string) *Error {
	return &Error{Kind: kind, Message: message, Err: err}
}

// Field returns an Invalid error that marks one input.
func Field(name, message string) *Error {
	return &Error{Kind: Invalid, Message: message, Fields: map[string]string{name: message}}
}

func (e *Error) Error() string {
	s := string(e.Kind) + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is makes two errors equal when kind and sentence are, so that a feature's
// exported error can be recognised after it was copied with other fields.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && t.Message == e.Message
}

// KindOf returns the kind of the outermost *Error in err, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// MessageOf returns the sentence a person may read, the Apology for internals.
func MessageOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Message
	}
	return Apology
}

// FieldsOf returns the sentences by input name, nil if there are none.
func FieldsOf(err error) map[string]string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields
	}
	return nil
}

// Status maps a kind to its HTTP status; pages and API share this table.
func Status(k Kind) int {
	switch k {
	case Invalid:
		return http.StatusUnprocessableEntity
	case Unauthenticated:
		return http.StatusUnauthorized
	case Forbidden:
		return http.StatusForbidden
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
