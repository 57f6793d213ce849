-- +goose Up
-- The next act is the first that waits. Found by its time, every act of a burst was read
-- and sorted to take one.
create index inbox_order on inbox (id) where state = 'waiting';
drop index inbox_next;

-- +goose Down
create index inbox_next on inbox (next_at, id) where state = 'waiting';
drop index inbox_order;
