// Package h5 is the phone's pages, one file for each feature. They are forms and links:
// scripts make them better, none needs one.
package h5
