-- +goose Up
-- What a student wrote in an application that came to nothing is erased on request (R-08).
alter table application
	add column erased_at timestamptz,
	add constraint only_what_came_to_nothing_is_erased check (erased_at is null or state in ('rejected', 'withdrawn', 'overdue'));

-- +goose Down
alter table application drop column erased_at;
