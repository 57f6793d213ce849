-- +goose Up
-- The centre's desk reads its days, weeks and figures by time and by hour, whatever became
-- of the hour and of who booked it; the indexes so far know only what is open.

create index booking_by_seat on booking (slot_id, seat); -- also asked when a free seat is removed
create index slot_by_start on slot (starts_at);
drop index slot_by_time;

-- +goose Down
create index slot_by_time on slot (starts_at) where open;
drop index slot_by_start, booking_by_seat;
