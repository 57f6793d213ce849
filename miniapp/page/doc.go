// Package page is what the pages are made of: typed pages, one renderer, and the way
// a request of a signed-in person becomes a transaction and an answer.
//
// A page is a struct that embeds Base and names its template; a handler fills it from
// verbs and shows it:
//
//	func (f face) mine(c *page.Context) error {
//		p := &page.Bookings{Base: page.Base{Title: "我的预约", Back: "/m/"}}
//		if err := c.View(func(tx *store.Tx, who identity.Person) (err error) {
//			p.List, err = counselling.Mine(c, tx, who)
//			return err
//		}); err != nil {
//			return err
//		}
//		return c.Show(p)
//	}
//
// View reads; Update acts, or reads what is audited; Act acts once for each form. An
// error that a handler returns is answered in one place, as a page or as JSON, by its
// kind; c.Refuse shows the same page again with what was typed and what is wrong.
//
// Templates are html/template files: shared/ for all, <face>/layout.html, and one file
// a page. Stories lists every page of the phone with made-up data; a test renders it
// without a database.
package page
