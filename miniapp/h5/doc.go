// Package h5 is the phone's pages, one file for each feature. They are forms and links:
// scripts make them better, none needs one.
//
// A page is a function that fills it; show answers with it. An act ends in done: it
// leads on, or says what can be put right on the page that is filled again. Pages are
// tested in miniapp, signed in and from form to form; here is what a form's input becomes.
package h5
