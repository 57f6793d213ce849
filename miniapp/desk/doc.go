// Package desk is the pages of those who decide: queues, lists and what is open, in a
// browser on a PC.
//
// On every page the left says what waits for this person, the middle is a list and the
// right the one thing open, with its actions at a fixed place. What is open, the day and
// the search stand in the address, so a page can be reloaded, kept and sent to a
// colleague, who sees it if their roles let them.
//
//	GET   the list and the open thing, in one transaction with the counts on the left
//	POST  one verb, once for each form
//	        ├── done (or done before) ──> 303 to the page that shows the result
//	        └── refused ──> the same page with what was typed and the true sentence
//
// In the code these are show, done and again: a load function fills a page in its
// transaction, whichever of the three asks for it.
//
// The first page is what is to be done now, at the centre and of applications, the most
// urgent first, each line a link; below it the way to everything the person works on.
//
// Whoever works with the keyboard goes on where they were: at what the page has to say
// after an act, at the row they opened, at the button whose question they closed.
//
// The verbs do permission; a page only hides what its person could not use. Whoever is
// not of a counselling centre gets counselling.ErrConfidential for all of it, whatever
// else they administer (D-10). Every act has a confirmation that names what follows; it
// is a details element, so that everything works without scripts.
//
// Applications are queues of an office by service and state, and what waits for the
// person's own decision, wherever they hold a role or are a deputy. The open one has all
// a decision needs; after it the next one that waits opens by itself. Counters for paper
// and for what is given out begin with a student card.
//
//	待我审核 ──approve, return, reject──> the next one          many ──> a batch with its progress
//	收材料 ──tick, extend with a reason──> papers complete
//	打印与发放 ──print──> certificate with its number ──the student's card──> handed out
//	放款 ──build──> a list, frozen ──.xlsx──> paid, or failed with a reason ──> the next list
//
// Register adds the routes; Stories lists every page with made-up data.
package desk
