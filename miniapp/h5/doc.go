// Package h5 is the phone's pages, one file for each feature. They are forms and links:
// scripts make them better, none needs one.
//
// A page is a function that fills it; show answers with it. An act ends in done: it
// leads on, or says what can be put right on the page that is filled again. The tests
// are those of miniapp, since a page is tested signed in, from form to form.
package h5
