// Package setting holds what a school changes while the product runs: limits,
// texts, quiet hours. Each key has one Go type with defaults; a stored value lies
// over the defaults, so that a field added later has a sane value everywhere.
package setting
