-- +goose Up
-- The waitlist: who waits for a place, in which order, and the places offered to them.

-- A wait keeps its place by its id. What it asks for never changes: another wish is another wait.
create table wait (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint wait_public_id_is_unique unique,
	centre_id     bigint not null references unit,
	student_id    bigint not null references person,
	counsellor_id bigint references counsellor,  -- null: whoever
	campus_id     bigint references campus,      -- null: wherever
	first_day     date,                          -- null: from now on
	last_day      date,                          -- null: whenever
	part          text not null default 'any' constraint a_wait_is_for_a_part_of_the_day
		check (part in ('any', 'morning', 'afternoon', 'evening')),
	earlier       boolean not null default false, -- only before the hour the student has
	via           text not null constraint a_wait_came_through_a_face check (via in ('chat', 'page', 'api', 'desk')),
	created_at    timestamptz not null,
	ask_at        timestamptz not null,          -- whether it is still wanted
	asked_at      timestamptz,
	state         text not null default 'waiting' constraint wait_state_is_known
		check (state in ('waiting', 'served', 'withdrawn', 'lapsed')),
	ended_at      timestamptz,
	constraint a_wait_ends_when_it_waits_no_more check ((state = 'waiting') = (ended_at is null)),
	constraint the_last_day_is_not_before_the_first check (last_day >= first_day)
);
create unique index a_student_waits_once on wait (student_id) where ended_at is null;
create index wait_in_order on wait (centre_id, id) where ended_at is null;

-- An offer holds its seat as a booking in the state 'offered', under the same public id:
-- the index that keeps a seat from being booked twice keeps it from being offered and booked.
alter table booking drop constraint booking_state_is_known, add constraint booking_state_is_known
	check (state in ('offered', 'pending', 'confirmed', 'arrived', 'missed', 'cancelled', 'rejected', 'expired'));
drop index a_seat_is_taken_once;
create unique index a_seat_is_taken_once on booking (slot_id, seat) where state in ('offered', 'pending', 'confirmed', 'arrived', 'missed');

create table offer (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint offer_public_id_is_unique unique,
	wait_id    bigint not null references wait,
	slot_id    bigint not null references slot,
	seat       int not null,
	offered_at timestamptz not null,
	opens_at   timestamptz not null,  -- after quiet hours
	until      timestamptz not null,
	state      text not null default 'open' constraint offer_state_is_known
		check (state in ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
	ended_at   timestamptz,
	offered_by bigint references person, -- null: the order decided
	reason     text not null default '',
	constraint an_offer_is_open_until_it_ends check ((state = 'open') = (ended_at is null)),
	constraint an_offer_leaves_time_to_answer check (until > opens_at),
	constraint who_offers_out_of_order_says_why check (reason = '' or offered_by is not null)
);
create unique index a_wait_has_one_open_offer on offer (wait_id) where state = 'open';
create unique index a_seat_is_offered_once on offer (slot_id, seat) where state = 'open';
create index offer_by_wait on offer (wait_id, slot_id);

-- +goose Down
drop table offer, wait;
delete from booking where state = 'offered';
drop index a_seat_is_taken_once;
create unique index a_seat_is_taken_once on booking (slot_id, seat) where state in ('pending', 'confirmed', 'arrived', 'missed');
alter table booking drop constraint booking_state_is_known, add constraint booking_state_is_known
	check (state in ('pending', 'confirmed', 'arrived', 'missed', 'cancelled', 'rejected', 'expired'));
