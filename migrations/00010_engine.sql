-- +goose Up
-- Entries in WeCom's calendars, and cards that make way for a summary.

-- What shall stand in the calendars of some persons, and what stands there. An entry is
-- no message: only its last version counts, so it is one row that converges.
create table entry (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint entry_public_id_is_unique unique, -- stands in the entry, so that it can be found at WeCom
	subject       text not null constraint a_subject_has_one_entry unique,
	kind          text not null,      -- chooses the renderer
	scope         text not null,      -- who may see more than the count
	persons       bigint[] not null,  -- whose calendars
	args          bytea not null,     -- sealed
	wanted        int not null default 1, -- version that shall stand, one more with every change
	dropped       boolean not null default false, -- the version wanted is none
	shown         int not null default 0, -- version that stands
	calendar_id   text,               -- of WeCom
	schedule_id   text,               -- of WeCom; null while nothing stands
	adding_since  timestamptz,        -- an add whose outcome is not known: looked for before another
	due_at        timestamptz not null,
	claimed_until timestamptz,
	attempts      int not null default 0, -- since the last change
	state         text not null default 'waiting' constraint entry_state_is_known
		check (state in ('waiting', 'done', 'refused', 'dead')),
	error         text,
	code          int,                -- WeCom's errcode
	created_at    timestamptz not null,
	done_at       timestamptz,
	constraint an_ended_entry_has_its_time check ((state = 'waiting') = (done_at is null)),
	constraint what_stands_was_wanted check (shown <= wanted)
);
create index entry_due on entry (due_at, id) where state = 'waiting';
create index entry_dead on entry (done_at desc) where state in ('dead', 'refused');

-- The app's own calendars, one a year: WeCom lists entries by calendar only.
create table entry_calendar (
	year        int primary key,
	calendar_id text not null,
	created_at  timestamptz not null
);

-- A card that asks for a decision is renewed when it grows old; one that joined somebody's
-- summary is open without being on their phone.
alter table send add column decision boolean not null default false;
alter table send drop constraint send_state_is_known, add constraint send_state_is_known
	check (state in ('waiting', 'sent', 'joined', 'refused', 'dead', 'cancelled'));
alter table outbox drop constraint outbox_state_is_known, add constraint outbox_state_is_known
	check (state in ('waiting', 'sent', 'joined', 'refused', 'dead', 'cancelled'));
create index send_decisions on send (kind, done_at) where open and decision;
create index send_waiting_by_subject on send (subject) where state = 'waiting' and subject <> '';

-- A send is written twice after it was put: when it is called and when it has ended. The
-- first change touches no index, if there is room on the page.
alter table send set (fillfactor = 60);

-- Where a person is reached, without what a page shows of them besides.
create view identity_address as
select p.id, p.name, p.kind, a.userid from person p left join account a on a.person_id = p.id and a.valid_to is null;

-- A booking's seat has its hour; the second foreign key said the same at the price of a lock.
alter table booking drop constraint booking_slot_id_fkey;

-- +goose Down
alter table booking add constraint booking_slot_id_fkey foreign key (slot_id) references slot;
drop view identity_address;
alter table send reset (fillfactor);
drop index send_waiting_by_subject, send_decisions;
alter table send drop column decision;
update send set state = 'cancelled', open = false where state = 'joined';
update outbox set state = 'cancelled' where state = 'joined';
alter table outbox drop constraint outbox_state_is_known, add constraint outbox_state_is_known
	check (state in ('waiting', 'sent', 'refused', 'dead', 'cancelled'));
alter table send drop constraint send_state_is_known, add constraint send_state_is_known
	check (state in ('waiting', 'sent', 'refused', 'dead', 'cancelled'));
drop table entry_calendar, entry;
