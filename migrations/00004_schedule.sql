-- +goose Up
-- When the school and the centre are there: the school's special days, and the rules
-- and exceptions that make counselling hours.

create table special_day (
	day        date primary key,
	kind       text not null constraint special_day_is_off_or_made_up check (kind in ('holiday', 'workday')),
	name       text not null,
	follows    int, -- of a make-up day: the weekday whose timetable holds, 1 is Monday
	changed_by bigint references person,
	changed_at timestamptz not null,
	constraint a_make_up_day_follows_a_weekday check (case kind when 'workday' then follows is not null and follows between 1 and 5 else follows is null end)
);

-- +goose Down
drop table special_day;
