-- +goose Up
-- What a file was sent for, so that a picture checked for one field does not stand in another.
alter table blob add column purpose text not null default '';

-- +goose Down
alter table blob drop column purpose;
