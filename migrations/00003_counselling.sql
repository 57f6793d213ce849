-- +goose Up
-- Counselling hours: who offers them, when, and who comes. Only the centre reads these tables.

create table counsellor (
	id        bigint generated always as identity primary key,
	public_id text not null constraint counsellor_public_id_is_unique unique,
	person_id bigint not null constraint a_person_counsels_once unique references person,
	centre_id bigint not null references unit,
	intro     text not null,
	topics    text not null default '',
	campus_id bigint not null references campus,
	place     text not null,           -- neutral name of the room, as pushes show it
	active    boolean not null default true,
	position  int not null default 0
);

create table slot (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint slot_public_id_is_unique unique,
	counsellor_id bigint not null references counsellor,
	starts_at     timestamptz not null,
	ends_at       timestamptz not null,
	place         text not null,
	campus_id     bigint not null references campus,
	open          boolean not null default true,
	created_by    bigint references person,
	constraint a_counsellor_begins_one_hour_at_a_time unique (counsellor_id, starts_at),
	constraint an_hour_ends_after_it_begins check (ends_at > starts_at)
);
create index slot_by_time on slot (starts_at) where open;

-- The places of an hour: capacity n is n numbered seats, so that it cannot be exceeded.
create table seat (
	slot_id bigint not null references slot,
	number  int not null constraint seats_count_from_one check (number >= 1),
	primary key (slot_id, number)
);

create table booking (
	id           bigint generated always as identity primary key,
	public_id    text not null constraint booking_public_id_is_unique unique,
	slot_id      bigint not null references slot,
	seat         int not null,
	student_id   bigint not null references person,
	state        text not null default 'pending' constraint booking_state_is_known
		check (state in ('pending', 'confirmed', 'arrived', 'missed', 'cancelled', 'rejected', 'expired')),
	wish         bytea,                -- sealed: what the student wrote
	via          text not null constraint a_booking_came_through_a_face check (via in ('chat', 'page', 'api', 'desk')),
	held_until   timestamptz not null, -- a pending booking is freed then
	created_at   timestamptz not null,
	decided_at   timestamptz,
	decided_by   bigint references person,
	reason       text not null default '',
	ended_at     timestamptz,
	constraint booking_takes_a_seat_of_its_hour foreign key (slot_id, seat) references seat (slot_id, number)
);
create unique index a_seat_is_taken_once on booking (slot_id, seat) where state in ('pending', 'confirmed', 'arrived', 'missed');
create unique index a_student_has_one_open_booking on booking (student_id) where state in ('pending', 'confirmed');
create index booking_by_student on booking (student_id, id desc);
create index booking_pending on booking (held_until) where state = 'pending';

create table booking_event (
	id         bigint generated always as identity primary key,
	booking_id bigint not null references booking,
	at         timestamptz not null,
	state      text not null,
	person_id  bigint references person, -- null: the system
	reason     text not null default ''
);
create index booking_event_by_booking on booking_event (booking_id, id);

-- The notice of 预约须知: a new text is a new version, to be agreed to again.
create table counselling_notice (
	version      int primary key,
	body         text not null,
	published_at timestamptz not null,
	published_by bigint references person
);

create table counselling_consent (
	person_id bigint not null references person,
	version   int not null references counselling_notice,
	agreed_at timestamptz not null,
	primary key (person_id, version)
);

-- +goose Down
drop table counselling_consent, counselling_notice, booking_event, booking, seat, slot, counsellor;
