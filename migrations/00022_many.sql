-- +goose Up
-- What a queue asks of a task stands with it, so that listing and counting thousands reads
-- no review. It is copied here and not by a release, so that a task the release before
-- opens has it too.
alter table review_task
	add column kind text,                       -- of its review
	add column applicant_id bigint references person,
	add column another boolean;                 -- the stage is for another person than who approved an earlier one
update review_task t set kind = r.kind, applicant_id = r.applicant_id, another = coalesce((r.stages->t.stage->>'another')::boolean, false)
	from review r where r.id = t.review_id;
alter table review_task alter column kind set not null, alter column applicant_id set not null, alter column another set not null;

-- +goose StatementBegin
create function task_has_the_facts_of_its_review() returns trigger language plpgsql as $$
begin
	select r.kind, r.applicant_id, coalesce((r.stages->new.stage->>'another')::boolean, false)
		into new.kind, new.applicant_id, new.another from review r where r.id = new.review_id;
	return new;
end $$;
-- +goose StatementEnd
create trigger task_has_the_facts_of_its_review before insert on review_task for each row execute function task_has_the_facts_of_its_review();

create index review_task_by_approver on review_task (decided_by, review_id) where state = 'approved';

-- Many certificates printed with one press, in chunks, and then one document of all.
create table print_batch (
	id         bigint generated always as identity primary key,
	public_id  text not null constraint print_batch_public_id_is_unique unique,
	person_id  bigint not null references person,
	created_at timestamptz not null
);

create table print_batch_item (
	batch_id    bigint not null references print_batch,
	position    int not null,
	application text not null,                -- public id, as it was given
	done_at     timestamptz,
	failure     text not null default '',     -- the sentence, '' if it was done
	constraint a_print_batch_counts_its_items primary key (batch_id, position)
);

-- +goose Down
drop table print_batch_item, print_batch;
drop index review_task_by_approver;
drop trigger task_has_the_facts_of_its_review on review_task;
drop function task_has_the_facts_of_its_review();
alter table review_task drop column kind, drop column applicant_id, drop column another;
