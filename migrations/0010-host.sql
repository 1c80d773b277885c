-- What a worker compares with its processes each minute is found by its host, and what is too old by its age: neither
-- may cost more with every workspace that there has ever been.
create index workspaces_host on daybreak.workspaces (host, id) where deleted_at is null;
create index reconcile_decisions_at on daybreak.reconcile_decisions (at);
