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
// Roles of a counselling centre are granted by its head together with a second
// person: a proposal by one, an acceptance by another.
package identity
