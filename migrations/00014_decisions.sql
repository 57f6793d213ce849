-- +goose Up
-- What a decision on an application can say: who confirms money, how much is granted, which
-- picture to take again, what the staff note among themselves.

-- Whoever leads an office confirms what it pays.
alter table role drop constraint role_is_known, add constraint role_is_known check (name in
	('admin', 'office', 'office_head', 'class_counsellor', 'centre_head', 'centre_counsellor', 'centre_desk', 'publisher', 'advisor'));

-- amount is what is paid; a reviewer may grant less than was asked, never more. null: from
-- before, nobody changed it.
alter table application add column asked bigint,
	add constraint what_is_granted_is_at_most_what_was_asked check (asked is null or amount <= asked);

-- What the staff write to each other about an application; its student never reads it.
create table application_note (
	id             bigint generated always as identity primary key,
	public_id      text not null constraint application_note_public_id_is_unique unique,
	application_id bigint not null references application,
	person_id      bigint not null references person,
	at             timestamptz not null,
	words          bytea not null           -- sealed
);
create index application_note_by_application on application_note (application_id, id);

-- One open question an application, beside the one about the service itself.
drop index a_student_asks_one_thing_at_a_time;
create unique index a_student_asks_one_thing_at_a_time on application_ask (student_id, service, field, coalesce(application_id, 0)) where answer is null;

-- A picture made small once, when it is stored; null: from before, or no picture.
alter table blob add column thumb bytea; -- sealed
alter table blob alter column thumb set storage external;

-- +goose Down
alter table blob drop column thumb;
drop index a_student_asks_one_thing_at_a_time;
delete from application_ask k where answer is null and exists (
	select 1 from application_ask o where o.answer is null and o.student_id = k.student_id and o.service = k.service and o.field = k.field and o.id < k.id);
create unique index a_student_asks_one_thing_at_a_time on application_ask (student_id, service, field) where answer is null;
drop table application_note;
alter table application drop constraint what_is_granted_is_at_most_what_was_asked, drop column asked;
delete from role where name = 'office_head';
alter table role drop constraint role_is_known, add constraint role_is_known check (name in
	('admin', 'office', 'class_counsellor', 'centre_head', 'centre_counsellor', 'centre_desk', 'publisher', 'advisor'));
