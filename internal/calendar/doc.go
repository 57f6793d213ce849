// Package calendar knows the school's days, and says times the way the school says
// them, in its own zone: 10月14日（周三）15:00, 今晚 20:00.
//
// A day is a workday from Monday to Friday, unless the school's calendar says
// otherwise: a holiday (放假) is none, a make-up day (调休上班) is one and follows the
// timetable of a weekday it names. The calendar is a table of those special days,
// edited by administrators and offices, by hand or from a sheet. Whoever asks about
// many days loads them once (LoadDays) and asks the value:
//
//	special_day ──LoadDays──> Days ──Workday, Workdays, Timetable──> yes, how many, which weekday
package calendar
