-- +goose Up
-- Every page of the desk counts the office's applications by service and state.

create index application_counts on application (department_id, service, state) where state <> 'draft';

-- +goose Down
drop index application_counts;
