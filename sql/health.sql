-- findDeploymentId :one
-- Made of the moment at which the database got its first migration, which no other one shares and no restore changes.
-- not null: id
select md5('daybreak ' || extract(epoch from applied_at))::uuid as id
from daybreak.migrations
order by name
limit 1;

-- listDaemons :many
-- Workers, with the seconds since each was heard of.
-- not null: silent_seconds
select id, name, host, version, provisioners, created_at, last_seen_at,
  extract(epoch from clock_timestamp() - last_seen_at)::float8 as silent_seconds
from daybreak.provisioner_daemons
order by last_seen_at desc, id
limit :limit;
