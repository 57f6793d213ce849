-- +goose Up
-- The life of a booking: it is moved, it counts in its term, and who stays away is marked for a while.

alter table booking
	add column moves   int not null default 0,   -- how often it was moved; SEQUENCE of its calendar entry
	add column term    text not null default '', -- of its hour: 2026-2 is the second term that begins in 2026
	add column ordinal int                       -- which of the student's hours in the term
		constraint the_hours_of_a_term_count_from_one check (ordinal >= 1);

-- What was booked before is numbered as if terms had begun in February and August.
update booking b set term = n.term, ordinal = n.ordinal
from (
	select b.id, t.term, row_number() over (partition by b.student_id, t.term order by b.id) ordinal
	from booking b join slot s on s.id = b.slot_id,
		lateral (select (s.starts_at at time zone 'Asia/Shanghai')::date d) day,
		lateral (select case
			when extract(month from d) >= 8 then extract(year from d) || '-2'
			when extract(month from d) >= 2 then extract(year from d) || '-1'
			else extract(year from d) - 1 || '-2' end term) t
	where b.state in ('pending', 'confirmed', 'arrived', 'missed')
) n
where n.id = b.id;

-- At most n hours a term is n numbers: two that are booked at once cannot both be the eighth.
create unique index a_student_has_each_hour_of_a_term_once on booking (student_id, term, ordinal)
	where state in ('pending', 'confirmed', 'arrived', 'missed');

-- A move is an event that names both hours; any other names none.
alter table booking_event
	add column from_slot bigint references slot,
	add column to_slot   bigint references slot,
	add constraint a_move_names_both_hours check ((from_slot is null) = (to_slot is null)),
	add constraint a_move_goes_somewhere_else check (from_slot <> to_slot);

-- A strike: the student stayed away, or cancelled too late. So many within a term pause booking.
create table strike (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint strike_public_id_is_unique unique,
	booking_id  bigint not null constraint a_booking_strikes_once unique references booking,
	student_id  bigint not null references person,
	kind        text not null constraint strike_kind_is_known check (kind in ('missed', 'late_cancel')),
	term        text not null,
	at          timestamptz not null,
	lapses_at   timestamptz not null, -- with the term
	state       text not null default 'standing' constraint strike_state_is_known
		check (state in ('standing', 'appealed', 'kept', 'lifted')),
	appeal      bytea,                -- sealed: the student's one sentence
	appealed_at timestamptz,
	decided_at  timestamptz,
	decided_by  bigint references person, -- null while undecided, and when the student came after all
	reason      text not null default '',
	constraint an_appeal_has_its_sentence check ((appeal is null) = (appealed_at is null)),
	constraint who_appealed_said_why check (state <> 'appealed' or appeal is not null),
	constraint a_decision_has_its_time check ((state in ('kept', 'lifted')) = (decided_at is not null)),
	constraint a_strike_is_kept_for_a_reason check (state <> 'kept' or reason <> '')
);
create index strike_by_student on strike (student_id, at) where state <> 'lifted';
create index strike_appealed on strike (appealed_at) where state = 'appealed';

-- +goose Down
drop table strike;
alter table booking_event drop column from_slot, drop column to_slot;
drop index a_student_has_each_hour_of_a_term_once;
alter table booking drop column moves, drop column term, drop column ordinal;
