// Package calendar says times the way the school says them, in its own zone:
// 10月14日（周三）15:00, 今晚 20:00.
package calendar
