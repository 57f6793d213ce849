-- +goose Up
-- When the school and the centre are there: the school's special days, and the rules
-- and exceptions that make counselling hours.

create extension if not exists btree_gist; -- equality beside ranges, for hours that exclude each other

create table special_day (
	day        date primary key,
	kind       text not null constraint special_day_is_off_or_made_up check (kind in ('holiday', 'workday')),
	name       text not null,
	follows    int, -- of a make-up day: the weekday whose timetable holds, 1 is Monday
	changed_by bigint references person,
	changed_at timestamptz not null,
	constraint a_make_up_day_follows_a_weekday check (case kind when 'workday' then follows is not null and follows between 1 and 5 else follows is null end)
);

-- Where hours are. One counsellor at a time, unless it is shared.
create table room (
	id        bigint generated always as identity primary key,
	centre_id bigint not null references unit,
	campus_id bigint not null references campus,
	name      text not null,
	shared    boolean not null default false,
	constraint a_room_stands_once unique (centre_id, campus_id, name)
);

-- A counsellor's weekly hours, or, with no weekday, the extra hours of one day.
create table hours_rule (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint hours_rule_public_id_is_unique unique,
	counsellor_id bigint not null references counsellor,
	weekdays      int[] not null constraint weekdays_count_from_monday check (weekdays <@ array[1, 2, 3, 4, 5, 6, 7]),
	weeks         text not null constraint weeks_are_all_or_every_other check (weeks in ('every', 'odd', 'even')), -- the first is that of valid_from
	from_minute   int not null, -- of the day
	to_minute     int not null,
	length        int not null constraint an_hour_has_minutes check (length > 0),
	buffer        int not null constraint a_buffer_is_not_negative check (buffer >= 0),
	campus_id     bigint not null references campus,
	place         text not null,
	capacity      int not null constraint a_rule_has_a_place check (capacity >= 1),
	valid_from    date not null,
	valid_to      date,
	removed_at    timestamptz,
	constraint a_rule_lies_within_a_day check (from_minute >= 0 and to_minute > from_minute and to_minute <= 1440),
	constraint a_rule_ends_after_it_begins check (valid_to >= valid_from),
	constraint extra_hours_are_of_one_day check (cardinality(weekdays) > 0 or (valid_to is not null and valid_to = valid_from))
);
create index hours_rule_by_counsellor on hours_rule (counsellor_id) where removed_at is null;

-- When a counsellor is away whatever the rules say.
create table hours_off (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint hours_off_public_id_is_unique unique,
	counsellor_id bigint not null references counsellor,
	starts_at     timestamptz not null,
	ends_at       timestamptz not null,
	why           text not null constraint away_for_a_known_reason check (why in ('ill', 'leave', 'meeting', 'other', 'closed')),
	created_by    bigint references person,
	created_at    timestamptz not null,
	removed_at    timestamptz,
	constraint an_absence_ends_after_it_begins check (ends_at > starts_at)
);
create index hours_off_by_counsellor on hours_off (counsellor_id, ends_at) where removed_at is null;

-- An hour that rules made is planned; one opened by hand is not. An hour that is over
-- before it began (closed, nobody comes) is void and makes way for another.
alter table slot
	add column planned   boolean not null default false,
	add column void      boolean not null default false,
	add column room_held bigint references room, -- null: of a shared room
	add constraint a_void_hour_is_closed check (not (void and open)),
	drop constraint a_counsellor_begins_one_hour_at_a_time;
update slot s set void = true where not open and not exists (
	select 1 from booking b where b.slot_id = s.id and b.state not in ('cancelled', 'rejected', 'expired'));
create unique index a_counsellor_begins_one_hour_at_a_time on slot (counsellor_id, starts_at) where not void;
alter table slot
	add constraint a_counsellor_is_in_one_hour_at_a_time
		exclude using gist (counsellor_id with =, tstzrange(starts_at, ends_at) with &&) where (not void),
	add constraint a_room_is_held_by_one_hour_at_a_time
		exclude using gist (room_held with =, tstzrange(starts_at, ends_at) with &&) where (not void);
create index slot_closed on slot (counsellor_id) where not open and not void;

-- +goose Down
drop index slot_closed;
alter table slot
	drop constraint a_room_is_held_by_one_hour_at_a_time,
	drop constraint a_counsellor_is_in_one_hour_at_a_time;
drop index a_counsellor_begins_one_hour_at_a_time;
delete from seat where slot_id in (select id from slot where void) and not exists (
	select 1 from booking b where b.slot_id = seat.slot_id and b.seat = seat.number);
delete from slot s where void and not exists (select 1 from booking b where b.slot_id = s.id);
alter table slot
	drop column room_held, drop column void, drop column planned,
	add constraint a_counsellor_begins_one_hour_at_a_time unique (counsellor_id, starts_at);
drop table hours_off, hours_rule, room, special_day;
drop extension btree_gist;
