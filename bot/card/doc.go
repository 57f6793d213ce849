// Package card makes the cards the product sends: pure functions from what happened
// to a template card or a text card. Titles say what it is about, the line under it
// what is asked; keys of rows have two to four characters; the first button is the
// likely one. Nothing here says what the counselling centre does: cards are read
// over shoulders.
//
// A button's key is a route of the bot (see Route) and names the object it is
// about, so that a press is understood without any state.
package card
