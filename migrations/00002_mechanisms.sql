-- +goose Up
-- What came in, what goes out, what is due, what was done.

-- Callbacks and form posts, kept before they are acted on. key is the hash of the
-- plaintext (a repeat is byte for byte the same) or the form's one-time token.
create table inbox (
	id          bigint generated always as identity primary key,
	key         bytea not null constraint an_act_is_kept_once unique,
	sender      text not null,        -- acted on in order per sender
	body        bytea,                -- sealed; dropped when done
	received_at timestamptz not null,
	next_at     timestamptz not null,
	attempts    int not null default 0,
	state       text not null default 'waiting' constraint inbox_state_is_known check (state in ('waiting', 'done', 'failed')),
	done_at     timestamptz,
	error       text,
	constraint a_done_act_keeps_no_text check (state <> 'done' or body is null)
);
create index inbox_waiting on inbox (sender, id) where state = 'waiting';
create index inbox_next on inbox (next_at, id) where state = 'waiting';
create index inbox_failed on inbox (id) where state = 'failed';

-- One call to WeCom's API: a message to one or more persons, or the update of a card.
create table send (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint send_public_id_is_unique unique, -- task_id of a card, id in a link
	api           text not null constraint api_is_known check (api in ('message', 'update')),
	kind          text not null,      -- what is announced, for example counselling.reminder
	class         text not null constraint class_is_known check (class in ('reply', 'urgent', 'timed', 'offer', 'bulk')),
	scope         text not null,      -- who may see more than the count, for example unit:3
	subject       text not null default '', -- what an open card is about
	args          bytea not null,     -- sealed
	body          bytea,              -- sealed; rendered once, repeated byte for byte
	updates_id    bigint references send,
	due_at        timestamptz not null,
	not_after     timestamptz,
	state         text not null default 'waiting' constraint send_state_is_known
		check (state in ('waiting', 'sent', 'refused', 'dead', 'cancelled')),
	attempts      int not null default 0,
	first_at      timestamptz,        -- first attempt
	unclear_at    timestamptz,        -- first attempt whose outcome is not known
	claimed_until timestamptz,
	error         text,
	code          int,                -- WeCom's errcode
	msgid         text,
	response_code text,               -- kept for one update, until code_until
	code_until    timestamptz,
	code_spent_at timestamptz,
	press_code    text,               -- the freshest code a press brought
	press_until   timestamptz,
	press_spent_at timestamptz,
	open          boolean not null default false, -- a card that waits for a press
	created_at    timestamptz not null,
	done_at       timestamptz,
	constraint an_update_names_its_card check ((api = 'update') = (updates_id is not null)),
	constraint an_ended_send_has_its_time check ((state = 'waiting') = (done_at is null))
);
create index send_due on send (due_at, id) where state = 'waiting';
create index send_open on send (subject) where open;
create index send_dead on send (done_at desc) where state in ('dead', 'refused');
create index send_by_card on send (updates_id) where updates_id is not null;

-- One recipient of one event.
create table outbox (
	id        bigint generated always as identity primary key,
	send_id   bigint not null references send,
	person_id bigint references person,
	userid    text,               -- of a stranger, who has no person
	key       text constraint an_event_is_announced_once unique, -- null when every time counts
	due_at    timestamptz not null,
	state     text not null default 'waiting' constraint outbox_state_is_known
		check (state in ('waiting', 'sent', 'refused', 'dead', 'cancelled')),
	code      int,
	done_at   timestamptz,
	constraint a_message_has_one_addressee check ((person_id is null) <> (userid is null)),
	constraint an_ended_message_has_its_time check ((state = 'waiting') = (done_at is null))
);
create index outbox_lane on outbox (person_id, id) where state = 'waiting';
create index outbox_by_send on outbox (send_id);
create index outbox_budget on outbox (person_id, done_at) where state = 'sent';

create table job (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint job_public_id_is_unique unique,
	kind          text not null,
	key           text not null,
	scope         text not null default 'school',
	args          jsonb not null default '{}',
	due_at        timestamptz not null,
	cursor        text not null default '',
	done          int not null default 0,
	total         int not null default 0,
	state         text not null default 'waiting' constraint job_state_is_known
		check (state in ('waiting', 'done', 'failed', 'cancelled')),
	attempts      int not null default 0,
	error         text,
	created_at    timestamptz not null,
	ended_at      timestamptz
);
create unique index a_job_waits_once on job (kind, key) where state = 'waiting';
create index job_due on job (due_at, id) where state = 'waiting';

-- Everything decided or read that somebody may have to answer for.
create table audit (
	id        bigint generated always as identity primary key,
	at        timestamptz not null,
	person_id bigint references person,
	verb      text not null,
	object    text not null,
	detail    jsonb not null default '{}',
	mac       bytea not null,
	seal_no   bigint constraint a_seal_number_stands_once unique,
	seal      bytea,              -- hash over the row and the seal before it
	constraint a_seal_has_its_number check ((seal_no is null) = (seal is null))
);
create index audit_unsealed on audit (id) where seal is null;
create index audit_by_object on audit (object, id);
create index audit_by_person on audit (person_id, id);

create table setting (
	key        text primary key,
	value      jsonb not null,
	version    int not null default 1,
	changed_by bigint references person,
	changed_at timestamptz not null
);

-- The open dialogue of a person.
create table dialogue (
	person_id  bigint primary key references person,
	script     text not null,
	version    int not null,
	step       text not null,
	seq        int not null,
	body       bytea not null, -- sealed
	updated_at timestamptz not null
);

-- +goose Down
drop table dialogue, setting, audit, job, outbox, send, inbox;
