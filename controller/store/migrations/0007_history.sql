-- Histories over monitors are read in the order of time, whoever the results are of.
-- depends: 0001_first

-- migrate: apply

-- On the parent, so that every partition made later has them too. The second is for who looks for trouble only, which is
-- a small part of all results.
CREATE INDEX result_due_at ON result (due_at);
CREATE INDEX result_not_passed ON result (due_at) WHERE status <> 'success';

-- Deleted monitors have a history as well, so an index of those that are left does not find all of an organization's.
CREATE INDEX monitor_history ON monitor (organization_id, id);

-- migrate: rollback

DROP INDEX monitor_history, result_not_passed, result_due_at;
