-- +goose Up
-- What students can apply for: the files, as they were when somebody applied by them.

-- One file by its content. Never changed and never dropped: an application points here.
create table service_version (
	id         bigint generated always as identity primary key,
	hash       text not null constraint a_version_is_its_content unique, -- sha256 of content, hex
	code       text not null,
	content    bytea not null,
	created_at timestamptz not null
);
create index service_version_by_code on service_version (code, id desc);

-- What is offered now: one row, its versions in the order of the home page.
create table service_set (
	only_one   boolean primary key default true constraint one_set_is_active check (only_one),
	versions   bigint[] not null,
	hash       text not null,          -- of the hashes, to compare a replica's files with
	applied_by bigint references person, -- null is the command line
	applied_at timestamptz not null
);

-- Who has read a service's notice to the end (D-38): version is the hash of its text.
create table service_consent (
	person_id bigint not null references person,
	code      text not null,
	version   text not null,
	agreed_at timestamptz not null,
	primary key (person_id, code, version)
);

-- Whether anybody has a fact of a kind and year.
create index fact_by_kind on fact (kind, year);

-- +goose Down
drop index fact_by_kind;
drop table service_consent, service_set, service_version;
