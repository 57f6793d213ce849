package page

import (
	"time"

	"github.com/xuegong/xuegong/internal/errs"
	"github.com/xuegong/xuegong/internal/identity"
)

// Page is what a template shows: a pointer to a struct that embeds Base.
type Page interface {
	Template() string // "h5/home" is templates/h5/home.html
	base() *Base
}

// Base is what every page has. The handler sets the first group, the Context the second.
type Base struct {
	Title   string
	Back    string // where ‹ leads; "" shows none
	Contact string // how to reach whoever is responsible, at the foot; "" shows none
	Flash   string // something good to say at the top
	Wide    bool   // desk: no list beside it

	Who     identity.Person   // who is signed in, zero on pages for nobody
	Now     time.Time         // of the product's clock
	Path    string            // of this request
	Once    string            // one-time token of the forms on this page
	Problem string            // why the form was refused
	Fields  map[string]string // and at which inputs
}

func (b *Base) base() *Base { return b }

// Wrong returns the sentence shown at an input, "" if it is fine.
func (b *Base) Wrong(input string) string { return b.Fields[input] }

// refuse marks the page with an error.
func (b *Base) refuse(err error) {
	b.Problem, b.Fields = errs.MessageOf(err), errs.FieldsOf(err)
}

// Error is the page of an error, of the face it happened on.
type Error struct {
	Base
	Face    Face
	Message string
	Next    string // where to go on, "" for nowhere
	Label   string // of the link to Next
	Request string // shown where the fault is ours, so that it can be found in the log
}

// Template implements Page.
func (p *Error) Template() string { return string(p.Face) + "/error" }
