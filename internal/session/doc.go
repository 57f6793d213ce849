// Package session remembers in Redis who is signed in.
//
//	nobody ──Expect(state)──> a sign-in is under way (10 minutes)
//	                              │ Meet(state), once
//	                              v
//	                          SignIn(userid): new token, 12 hours ──SignOut──> nobody
//
// A session holds a WeCom userid and nothing else that matters; who that is and what
// they may do is asked of the database on every request. Losing Redis costs one more
// sign-in. The cookie's value is hashed in Redis, so reading Redis lends no session.
//
// Lifetimes are the browser's and Redis's, in real time: a moved clock of the demo
// signs nobody out.
package session
