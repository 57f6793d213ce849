-- +goose Up
-- Who there is: units of the school, persons and what is recorded of them,
-- the WeCom accounts they act with and the roles they hold.

create table campus (
	id   bigint generated always as identity primary key,
	code text not null constraint campus_code_is_unique unique,
	name text not null
);

-- A college, class, department, centre, programme or organisation: whatever a role can be limited to.
create table unit (
	id        bigint generated always as identity primary key,
	public_id text not null constraint unit_public_id_is_unique unique,
	kind      text not null constraint unit_kind_is_known
		check (kind in ('college', 'class', 'department', 'centre', 'programme', 'organisation')),
	code      text not null,
	name      text not null,
	parent_id bigint references unit,
	campus_id bigint references campus,
	constraint unit_code_is_unique_in_its_kind unique (kind, code),
	constraint a_class_belongs_to_a_college check (kind <> 'class' or parent_id is not null)
);
create index unit_by_parent on unit (parent_id);

create table person (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint person_public_id_is_unique unique,
	name       text not null,
	kind       text not null constraint person_is_student_or_staff check (kind in ('student', 'staff')),
	gender     text constraint gender_is_known check (gender in ('female', 'male')),
	born_on    date,
	created_at timestamptz not null,
	updated_at timestamptz not null
);
create index person_by_name on person (name);

-- A stay at the school under one number: a student can have two (bachelor, then master).
create table enrolment (
	id         bigint generated always as identity primary key,
	person_id  bigint not null references person,
	number     text not null constraint number_is_unique unique,
	level      text not null constraint level_is_known check (level in ('bachelor', 'master', 'doctor', 'staff')),
	status     text not null constraint status_is_known
		check (status in ('enrolled', 'suspended', 'graduated', 'withdrawn', 'employed', 'left')),
	unit_id    bigint not null references unit,
	campus_id  bigint not null references campus,
	valid_from timestamptz not null,
	valid_to   timestamptz,
	constraint an_enrolment_ends_after_it_begins check (valid_to is null or valid_to > valid_from)
);
create index enrolment_by_person on enrolment (person_id);
create index enrolment_by_unit on enrolment (unit_id);

-- One thing known of a person for a year: tier, award, loan, party membership.
create table fact (
	id          bigint generated always as identity primary key,
	person_id   bigint not null references person,
	kind        text not null,
	value       text not null,
	year        int not null,
	source      text not null,
	recorded_at timestamptz not null,
	constraint a_fact_stands_once unique (person_id, kind, year, value)
);

-- The WeCom userid a person acts with, case-folded, from-to.
create table account (
	id         bigint generated always as identity primary key,
	person_id  bigint not null references person,
	userid     text not null constraint userid_is_folded check (userid = lower(userid) and userid <> ''),
	bound_by   text not null constraint binding_is_proved check (bound_by in ('number', 'import', 'directory', 'staff', 'sample')),
	valid_from timestamptz not null,
	valid_to   timestamptz,
	constraint an_account_ends_after_it_begins check (valid_to is null or valid_to >= valid_from)
);
create unique index a_userid_acts_for_one_person on account (userid) where valid_to is null;
create unique index a_person_has_one_account on account (person_id) where valid_to is null;

create table role (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint role_public_id_is_unique unique,
	person_id   bigint not null references person,
	name        text not null constraint role_is_known check (name in
		('admin', 'office', 'class_counsellor', 'centre_head', 'centre_counsellor', 'centre_desk', 'publisher', 'advisor')),
	unit_id     bigint references unit, -- null is the whole school
	granted_by  bigint references person,
	second_by   bigint references person, -- the centre's roles need two persons
	valid_from  timestamptz not null,
	valid_to    timestamptz,
	constraint centre_roles_name_their_centre check (name not like 'centre\_%' or unit_id is not null),
	constraint two_persons_grant_two_roles check (second_by is null or second_by <> granted_by),
	constraint a_role_ends_after_it_begins check (valid_to is null or valid_to >= valid_from)
);
create unique index a_role_is_held_once on role (person_id, name, coalesce(unit_id, 0)) where valid_to is null;
create index role_by_name on role (name, unit_id) where valid_to is null;

-- The centre's roles are granted by its head and a second person: the first half waits here.
create table role_proposal (
	id          bigint generated always as identity primary key,
	public_id   text not null constraint role_proposal_public_id_is_unique unique,
	person_id   bigint not null references person,
	name        text not null,
	unit_id     bigint not null references unit,
	proposed_by bigint not null references person,
	proposed_at timestamptz not null,
	constraint a_proposal_stands_once unique (person_id, name, unit_id)
);

-- A machine's way in: hashed, scoped, expiring.
create table token (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint token_public_id_is_unique unique,
	hash       bytea not null constraint token_hash_is_unique unique,
	name       text not null,
	person_id  bigint not null references person, -- acts as
	scopes     text[] not null,
	created_at timestamptz not null,
	expires_at timestamptz not null,
	revoked_at timestamptz
);

-- What other packages may join: who is here now, with the unit and college they belong to.
create view identity_person as
select p.id, p.public_id, p.name, p.kind, p.gender, p.born_on,
	e.number, e.level, e.status, e.unit_id, u.name as unit_name, e.campus_id, c.name as campus_name,
	case when u.kind = 'class' then u.parent_id else u.id end as college_id,
	case when u.kind = 'class' then pu.name else u.name end as college_name,
	a.userid
from person p
left join lateral (
	select * from enrolment e where e.person_id = p.id order by (e.valid_to is null) desc, e.valid_from desc limit 1
) e on true
left join unit u on u.id = e.unit_id
left join unit pu on pu.id = u.parent_id
left join campus c on c.id = e.campus_id
left join account a on a.person_id = p.id and a.valid_to is null;

create view identity_role as
select r.person_id, r.name, r.unit_id from role r where r.valid_to is null;

-- +goose Down
drop view identity_role;
drop view identity_person;
drop table token, role_proposal, role, account, fact, enrolment, person, unit, campus;
