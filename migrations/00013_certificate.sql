-- +goose Up
-- What certificates are signed with, and who checked them.

-- The school's key: made once, by whichever process issues the first certificate.
create table signing_key (
	id          int primary key default 1 constraint there_is_one_signing_key check (id = 1),
	certificate bytea not null,             -- DER, public
	key         bytea not null,             -- sealed
	made_at     timestamptz not null
);

-- A stranger looked a certificate up; the holder sees when (T10).
create table certificate_check (
	id             bigint generated always as identity primary key,
	application_id bigint not null references certificate (application_id),
	at             timestamptz not null
);
create index certificate_check_by_certificate on certificate_check (application_id, id desc);

-- +goose Down
drop table certificate_check, signing_key;
