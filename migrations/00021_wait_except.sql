-- +goose Up
-- Who waits for whoever may leave some counsellors out.

alter table wait add except_ids bigint[] not null default '{}'; -- counsellors, who are never deleted
alter table wait add constraint only_who_waits_for_whoever_leaves_somebody_out check (counsellor_id is null or except_ids = '{}');

-- +goose Down
alter table wait drop except_ids;
