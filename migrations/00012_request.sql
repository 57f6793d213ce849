-- +goose Up
-- Files, and applications to an office with everything that hangs on them.

create table blob (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint blob_public_id_is_unique unique,
	owner_id    bigint not null references person,
	name        text not null,
	type        text not null,
	size        int not null constraint a_file_is_at_most_10_mb check (size between 1 and 10485760),
	sha256      bytea not null,
	content     bytea not null,       -- sealed
	object      text,                 -- what it belongs to, for example request/ab12…
	created_at  timestamptz not null,
	loose_since timestamptz,          -- swept a day later
	constraint a_file_is_loose_or_attached check ((object is null) = (loose_since is not null))
);
alter table blob alter column content set storage external; -- sealed bytes do not compress
create index blob_by_object on blob (object) where object is not null;
create index blob_loose on blob (loose_since) where object is null;
create index blob_loose_by_owner on blob (owner_id) where object is null;

create sequence application_number;

-- An application of a student to an office. A draft is one row a student and service,
-- shared by chat and page; submitting makes it an application, and a new draft may begin.
create table application (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint application_public_id_is_unique unique,
	number        text constraint application_number_is_unique unique, -- what people call it; a draft has none
	service       text not null,            -- code of the service
	version_id    bigint not null references service_version, -- from which everything is read
	student_id    bigint not null references person,
	department_id bigint not null references unit, -- that owns the service
	state         text not null default 'draft' constraint application_state_is_known
		check (state in ('draft', 'submitted', 'returned', 'approved', 'rejected', 'withdrawn', 'overdue',
			'printed', 'made', 'collected', 'to_pay', 'paid', 'pay_failed', 'done', 'revoked')),
	via           text not null constraint an_application_came_through_a_face check (via in ('chat', 'page', 'api', 'desk')),
	student_name   text not null,           -- as they were when it was submitted, to search by
	student_number text not null,
	draft         bytea,                    -- sealed: answers being written, of a draft or a returned one
	amount        bigint constraint an_amount_is_not_negative check (amount >= 0), -- fen to be paid out
	due_at        timestamptz,              -- papers are handed in before it
	created_at    timestamptz not null,
	updated_at    timestamptz not null,     -- of the draft
	submitted_at  timestamptz,              -- first time
	decided_at    timestamptz,
	ended_at      timestamptz,
	constraint a_submitted_application_has_its_number check ((state = 'draft') = (number is null)),
	constraint a_submitted_application_has_its_time check ((state = 'draft') = (submitted_at is null)),
	constraint what_is_paid_out_has_an_amount check (state not in ('to_pay', 'paid', 'pay_failed') or amount is not null)
);
create unique index a_student_has_one_draft_of_a_service on application (student_id, service) where state = 'draft';
create index application_by_student on application (student_id, id desc);
create index application_queue on application (department_id, submitted_at, id) where state <> 'draft';
create index application_by_state on application (department_id, state, submitted_at, id) where state <> 'draft';
create index application_by_number on application (number text_pattern_ops) where state <> 'draft';
create index application_by_student_number on application (student_number text_pattern_ops) where state <> 'draft';
create index application_by_version on application (version_id);

-- What was submitted, each time; the last is what is reviewed.
create table application_answers (
	id             bigint generated always as identity constraint answers_have_a_key unique,
	application_id bigint not null references application,
	no             int not null constraint answers_count_from_one check (no >= 1),
	answers        bytea not null,          -- sealed
	snapshot       bytea not null,          -- sealed: rules and facts, from which the verdict follows (T5)
	at             timestamptz not null,
	constraint answers_are_numbered primary key (application_id, no)
);

-- "At most n" is n numbered seats of a student, service and period; an application that
-- counts holds one of each.
create table application_seat (
	application_id bigint not null references application,
	student_id     bigint not null references person,
	service        text not null,
	period         text not null,           -- 2026, career or open
	seat           int not null,
	most           int not null,
	constraint a_seat_of_a_limit_is_taken_once primary key (student_id, service, period, seat),
	constraint seats_stay_within_the_limit check (seat between 1 and most),
	constraint an_application_holds_one_seat_a_period unique (application_id, period)
);

create table application_material (
	application_id bigint not null references application,
	code           text not null,
	required       boolean not null,
	received_at    timestamptz,
	received_by    bigint references person,
	constraint a_material_is_listed_once primary key (application_id, code),
	constraint a_received_material_names_who check ((received_at is null) = (received_by is null))
);

create table application_event (
	id             bigint generated always as identity primary key,
	public_id      text not null constraint application_event_public_id_is_unique unique,
	application_id bigint not null references application,
	at             timestamptz not null,
	state          text not null,           -- after it
	action         text not null,           -- state, stage, resubmit, receive, unreceive, extend
	person_id      bigint references person, -- null: the system
	words          bytea                    -- sealed: reason, opinion or what was asked
);
create index application_event_by_application on application_event (application_id, id);

-- A window kept open for one student.
create table application_extension (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint extension_public_id_is_unique unique,
	student_id bigint not null references person,
	service    text not null,
	until      timestamptz not null,
	reason     bytea not null,              -- sealed
	given_by   bigint not null references person,
	given_at   timestamptz not null
);
create index extension_by_student on application_extension (student_id, service, until);

-- A student who asks for a person to look (R-09), also before there is an application.
create table application_ask (
	id             bigint generated always as identity primary key,
	public_id      text not null constraint ask_public_id_is_unique unique,
	student_id     bigint not null references person,
	service        text not null,
	department_id  bigint not null references unit,
	application_id bigint references application,
	field          text not null default '', -- of a dispute: what is wrong
	question       bytea not null,          -- sealed
	asked_at       timestamptz not null,
	answer         bytea,                   -- sealed
	answered_at    timestamptz,
	answered_by    bigint references person,
	constraint an_answer_names_who check ((answer is null) = (answered_by is null) and (answer is null) = (answered_at is null))
);
create index ask_open on application_ask (department_id, id) where answer is null;
create unique index a_student_asks_one_thing_at_a_time on application_ask (student_id, service, field) where answer is null;
create index ask_by_student on application_ask (student_id, id desc);
create index ask_by_application on application_ask (application_id) where application_id is not null;

-- A certificate that was issued; a stranger who has its code may check it (T10).
create table certificate (
	application_id bigint primary key references application,
	number         text not null constraint certificate_number_is_unique unique,
	code           text not null constraint certificate_code_is_unique unique,
	content        bytea not null,          -- sealed: what it says
	issued_at      timestamptz not null,
	issued_by      bigint references person,
	revoked_at     timestamptz
);

-- A list of what is paid out together.
create table payout_list (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint payout_list_public_id_is_unique unique,
	service       text not null,
	department_id bigint not null references unit,
	title         text not null,
	created_by    bigint not null references person,
	created_at    timestamptz not null,
	rows          int not null constraint a_list_has_rows check (rows > 0),
	total         bigint not null,          -- fen, the sum of the rows when it was built
	exported_at   timestamptz,
	closed_at     timestamptz               -- nothing waits on it any more
);
create index payout_list_by_department on payout_list (department_id, id desc);

create table payout_row (
	id             bigint generated always as identity constraint a_payout_row_has_a_key unique,
	list_id        bigint not null references payout_list,
	application_id bigint not null references application,
	amount         bigint not null constraint what_is_paid_is_positive check (amount > 0),
	state          text not null default 'waiting' constraint payout_state_is_known check (state in ('waiting', 'paid', 'failed')),
	at             timestamptz,
	by_id          bigint references person,
	reason         bytea,                   -- sealed: why it failed
	constraint a_row_stands_once_on_a_list primary key (list_id, application_id),
	constraint an_ended_row_has_its_time check ((state = 'waiting') = (at is null))
);
create unique index an_application_is_paid_once on payout_row (application_id) where state in ('waiting', 'paid');

-- +goose Down
drop table payout_row, payout_list, certificate, application_ask, application_extension, application_event, application_material,
	application_seat, application_answers, application;
drop sequence application_number;
drop table blob;
