-- +goose Up
-- Care around the hour: who is on duty, the questions before a booking, the lane of a
-- red answer, and what is written, said and disclosed after it. Only the centre reads
-- these tables, and of the vault (notes, disclosures) only who the row names.

-- Who answers a red answer, and when; the smaller position is called first.
create table duty (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint duty_public_id_is_unique unique,
	centre_id  bigint not null references unit,
	person_id  bigint not null references person,
	starts_at  timestamptz not null,
	ends_at    timestamptz not null,
	position   int not null constraint duty_is_first_to_ninth check (position between 1 and 9),
	created_by bigint references person,
	constraint duty_ends_after_it_begins check (ends_at > starts_at),
	constraint a_person_begins_one_duty_at_a_time unique (centre_id, person_id, starts_at)
);
create index duty_by_end on duty (centre_id, ends_at);

-- The questionnaire of 预约前的几个问题: a new text is a new version.
create table intake_form (
	version      int primary key,
	body         text not null,
	published_at timestamptz not null,
	published_by bigint references person
);

create table intake (
	student_id  bigint not null references person,
	term        text not null,         -- it is asked once in each
	version     int not null references intake_form,
	answers     bytea not null,        -- sealed
	level       text not null constraint intake_level_is_known check (level in ('normal', 'amber', 'red')),
	answered_at timestamptz not null,
	constraint a_student_answers_once_a_term primary key (student_id, term)
);

-- A red answer, or words in chat, that somebody must answer. Only a person closes it.
create table red_case (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint red_case_public_id_is_unique unique,
	centre_id  bigint not null references unit,
	student_id bigint not null references person,
	source     text not null constraint a_case_has_a_source check (source in ('intake', 'words')),
	state      text not null default 'open' constraint red_case_state_is_known check (state in ('open', 'taken', 'closed')),
	opened_at  timestamptz not null,
	taken_by   bigint references person,
	taken_at   timestamptz,
	closed_by  bigint references person,
	closed_at  timestamptz,
	outcome    bytea,                  -- sealed: what was done
	constraint a_taken_case_has_somebody check (state <> 'taken' or taken_by is not null),
	constraint a_closed_case_says_who_did_what check ((state = 'closed') = (closed_by is not null and closed_at is not null and outcome is not null))
);
create unique index a_student_has_one_open_case on red_case (student_id) where state <> 'closed';
create index red_case_by_centre on red_case (centre_id, id desc);

create table red_event (
	id        bigint generated always as identity primary key,
	case_id   bigint not null references red_case,
	at        timestamptz not null,
	kind      text not null constraint red_event_is_known check (kind in ('opened', 'again', 'paged', 'taken', 'closed')),
	person_id bigint references person  -- who did it, or who was paged
);
create index red_event_by_case on red_event (case_id, id);

-- Whom to call for a student under 18, as far as the centre knows.
create table guardian (
	student_id bigint primary key references person,
	contact    bytea not null,         -- sealed
	updated_at timestamptz not null,
	updated_by bigint not null references person
);

-- What the counsellor wrote after the hour; a change is a new version.
create table note_version (
	booking_id bigint not null references booking,
	version    int not null constraint versions_count_from_one check (version >= 1),
	body       bytea not null,         -- sealed
	written_at timestamptz not null,
	written_by bigint not null references person,
	primary key (booking_id, version)
);

-- 转介: no diagnosis, only to whom, when, and that the student agreed.
create table referral (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint referral_public_id_is_unique unique,
	booking_id bigint not null references booking,
	place      bytea not null,         -- sealed: to whom
	refer_on   date not null,
	agreed     boolean not null constraint the_student_agrees_to_a_referral check (agreed),
	created_at timestamptz not null,
	created_by bigint not null references person
);
create index referral_by_booking on referral (booking_id);

-- That a student was asked how it was, and is not asked again.
create table feedback_ask (
	booking_id bigint primary key references booking,
	state      text not null default 'asked' constraint an_ask_is_known check (state in ('asked', 'given', 'skipped'))
);

-- What was said: neither by whom nor when nor of which hour, so that no figure can be
-- traced. It is counted once five more have come.
create table feedback (
	public_id     text primary key,
	counsellor_id bigint not null references counsellor,
	stars         int not null constraint stars_are_one_to_five check (stars between 1 and 5),
	again         boolean not null,    -- would come again
	words         bytea,               -- sealed
	counted       boolean not null default false
);
create index feedback_by_counsellor on feedback (counsellor_id);

-- 破例披露: three grounds, two persons, the fewest fields, one recipient, until a time.
create table disclosure (
	id           bigint generated always as identity primary key,
	public_id    text not null constraint disclosure_public_id_is_unique unique,
	centre_id    bigint not null references unit,
	student_id   bigint not null references person,
	ground       text not null constraint a_disclosure_has_a_lawful_ground check (ground in ('danger', 'abuse', 'law')),
	reason       bytea not null,       -- sealed
	fields       text[] not null constraint a_disclosure_names_its_fields check (cardinality(fields) between 1 and 5),
	recipient_id bigint not null references person,
	hours        int not null constraint a_disclosure_lasts_a_week_at_most check (hours between 1 and 168),
	delay_until  timestamptz,          -- the student learns of it then
	delay_reason bytea,                -- sealed
	state        text not null default 'proposed' constraint disclosure_state_is_known check (state in ('proposed', 'open', 'refused')),
	proposed_by  bigint not null references person,
	proposed_at  timestamptz not null,
	decided_by   bigint references person,
	decided_at   timestamptz,
	until        timestamptz,          -- the recipient reads up to then
	review_at    timestamptz,
	reviewed_by  bigint references person,
	reviewed_at  timestamptz,
	review       bytea,                -- sealed
	constraint two_persons_disclose check (decided_by is null or decided_by <> proposed_by),
	constraint the_recipient_is_a_third_person check (recipient_id <> proposed_by and (decided_by is null or recipient_id <> decided_by)),
	constraint an_open_disclosure_was_decided check (state <> 'open' or (decided_by is not null and until is not null and review_at is not null)),
	constraint a_delay_has_a_reason check ((delay_until is null) = (delay_reason is null))
);
create index disclosure_by_student on disclosure (student_id, id desc);
create index disclosure_by_recipient on disclosure (recipient_id, id desc);
create index disclosure_by_centre on disclosure (centre_id, id desc);

create table disclosure_reading (
	id            bigint generated always as identity primary key,
	disclosure_id bigint not null references disclosure,
	person_id     bigint not null references person,
	at            timestamptz not null
);
create index disclosure_reading_by_disclosure on disclosure_reading (disclosure_id, id);

-- What a 辅导员 tells the centre of a student, and the one word that goes back.
create table concern (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint concern_public_id_is_unique unique,
	centre_id   bigint not null references unit,
	student_id  bigint not null references person,
	sent_by     bigint not null references person,
	body        bytea not null,        -- sealed
	sent_at     timestamptz not null,
	answer      text constraint a_concern_is_answered_in_one_of_two_ways check (answer in ('contacted', 'help')),
	help        bytea,                 -- sealed: what the 辅导员 is asked to do
	answered_by bigint references person,
	answered_at timestamptz,
	constraint an_answer_has_its_person check ((answer is null) = (answered_by is null) and (answer is null) = (answered_at is null)),
	constraint only_a_request_says_what check ((help is not null) = (coalesce(answer, '') = 'help'))
);
create index concern_by_sender on concern (sent_by, id desc);
create index concern_by_centre on concern (centre_id, id desc);

-- A consent taken back ends what is to come, not the record of what was.
alter table counselling_consent add column withdrawn_at timestamptz;

-- +goose Down
alter table counselling_consent drop column withdrawn_at;
drop table concern, disclosure_reading, disclosure, feedback, feedback_ask, referral, note_version, guardian,
	red_event, red_case, intake, intake_form, duty;
