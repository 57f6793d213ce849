// Package identity knows who is speaking and what they may do.
//
// A person is lasting; an enrolment is a stay at the school under a number; an
// account is the WeCom userid the person acts with, from-to; a role is held for a
// unit, or for the whole school, from-to.
//
//	userid ──account──> person ──enrolment──> class, college, campus
//	                      └──role(scope)──> what every verb asks first
//
// Binding an account is proved, never claimed: the userid equals the number, an
// import column, or a directory attribute says so; otherwise staff bind by hand and
// it is audited. Who is unbound, out of range or no longer at the school learns
// what to do and sees nothing else (D-36).
//
// Persons come by lists (ImportFile): every row is judged against what is known, wrong
// rows are named cell by cell, and a list is written whole or not at all. A number that
// is there is updated, a new number with 原学号 continues its person as a new enrolment.
//
//	list ──> Preview: created, continued, changed, unchanged, errors ──confirm──> Apply
//
// A list also brings what is recorded of a person: tier, awards, loan and the like with
// their school year, home and card without. FactsOf hands them to features; RecordedIn
// tells a list that somebody is not on from a list that nobody brought.
//
// An Admin grants ordinary roles, never to themself. Roles of a counselling centre are
// granted by its head together with a second person: a proposal by one, an acceptance by
// another within seven days.
//
//	Found (the first head, by the Operator at installation)
//	head ──ProposeCentreRole──> proposal ──AcceptCentreRole, second person──> role ──Revoke──> ended
//
// So that the rule cannot be walked around, who holds a role of a centre is not bound to
// another account by hand or list, and a token carries such a role only if its holder
// made it. A token is a machine's way in: hashed, scoped, expiring, revocable.
//
// The nightly reading of WeCom's directory (SyncDirectory) closes accounts of who is
// gone, and refuses an answer that would close too many at once. A userid that WeCom
// changes is followed (Rename): it is the same person.
package identity
