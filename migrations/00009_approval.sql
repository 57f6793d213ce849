-- +goose Up
-- Reviews: what is decided by the school, by whom, for whom and until when.

create table review (
	id            bigint generated always as identity primary key,
	public_id     text not null constraint review_public_id_is_unique unique,
	kind          text not null,              -- of the subject, for example request
	subject       text not null,              -- its public id
	scope         text not null,              -- of its messages
	applicant_id  bigint not null references person,
	units         bigint[] not null,          -- the applicant's class and college when it was opened
	department_id bigint references unit,
	stages        jsonb not null,             -- as they were when it was opened
	cards         jsonb not null,             -- the owner's kinds of messages
	facts         bytea not null,             -- sealed: for the owner's renderers
	state         text not null default 'open' constraint review_state_is_known
		check (state in ('open', 'returned', 'approved', 'rejected', 'withdrawn')),
	stage         int not null default 0,     -- index of the present one
	opened_at     timestamptz not null,
	ended_at      timestamptz,
	constraint a_review_has_stages check (jsonb_array_length(stages) > 0 and stage >= 0 and stage < jsonb_array_length(stages)),
	constraint an_ended_review_has_its_time check ((state in ('open', 'returned')) = (ended_at is null))
);
create unique index a_subject_has_one_review_under_way on review (kind, subject) where state in ('open', 'returned');
create index review_by_subject on review (kind, subject, id desc);

-- A stage as somebody's work; a stage that returned has one more for each resubmission.
create table review_task (
	id           bigint generated always as identity primary key,
	public_id    text not null constraint review_task_public_id_is_unique unique,
	review_id    bigint not null references review,
	stage        int not null,
	keys         text[] not null,             -- role:unit of whoever may decide it
	voters       bigint[] not null default '{}', -- persons who must all agree; empty: any one
	state        text not null default 'open' constraint task_state_is_known
		check (state in ('open', 'approved', 'returned', 'rejected', 'withdrawn')),
	opened_at    timestamptz not null,
	due_at       timestamptz,
	escalated_at timestamptz,
	decided_at   timestamptz,
	decided_by   bigint references person,
	decided_for  bigint references person,    -- whose deputy decided
	constraint a_decided_task_has_its_time check ((state = 'open') = (decided_at is null)),
	constraint a_decision_has_a_person check (state in ('open', 'withdrawn') or decided_by is not null)
);
create unique index a_review_has_one_open_task on review_task (review_id) where state = 'open';
create index review_task_by_review on review_task (review_id, id);
create index review_task_open on review_task using gin (keys) where state = 'open';

create table review_vote (
	task_id   bigint not null references review_task,
	person_id bigint not null references person, -- the voter, also when a deputy pressed
	at        timestamptz not null,
	constraint a_voter_agrees_once primary key (task_id, person_id)
);

create table review_event (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint review_event_public_id_is_unique unique,
	review_id   bigint not null references review,
	stage       int not null,
	at          timestamptz not null,
	action      text not null constraint review_action_is_known
		check (action in ('open', 'approve', 'return', 'reject', 'withdraw', 'resubmit', 'remind', 'escalate')),
	person_id   bigint references person,     -- null: the system
	for_id      bigint references person,     -- whose deputy acted
	words       bytea,                        -- sealed: reason and opinion
	marked      text[] not null default '{}',
	via         text not null default '',
	constraint a_reject_says_why check (action <> 'reject' or words is not null)
);
create index review_event_by_review on review_event (review_id, id);

-- Who decides for whom, from-to.
create table deputy (
	id           bigint generated always as identity primary key,
	public_id    text not null constraint deputy_public_id_is_unique unique,
	principal_id bigint not null references person,
	deputy_id    bigint not null references person,
	valid_from   timestamptz not null,
	valid_to     timestamptz not null,
	set_by       bigint references person,
	constraint nobody_is_their_own_deputy check (principal_id <> deputy_id),
	constraint a_deputy_ends_after_it_begins check (valid_to >= valid_from)
);
create index deputy_by_deputy on deputy (deputy_id, valid_to);
create index deputy_by_principal on deputy (principal_id, valid_to);

-- One decision for many tasks, done in chunks.
create table review_batch (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint review_batch_public_id_is_unique unique,
	person_id  bigint not null references person,
	decision   bytea not null,                -- sealed
	created_at timestamptz not null
);

create table review_batch_item (
	batch_id bigint not null references review_batch,
	position int not null,
	task     text not null,                   -- public id, as it was given
	done_at  timestamptz,
	failure  text not null default '',        -- the sentence, '' if it was done
	constraint a_batch_counts_its_items primary key (batch_id, position)
);

-- +goose Down
drop table review_batch_item, review_batch, deputy, review_event, review_vote, review_task, review;
