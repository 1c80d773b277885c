-- findServer :one
-- Works in any database, migrated or not. The clock is read as late as the answer allows.
-- not null: version, is_migrated, now
select current_setting('server_version') as version, to_regclass('daybreak.migrations') is not null as is_migrated,
  clock_timestamp() as now;

-- findServerPrepared :one prepared
-- Fails behind a pooler that hands a statement to a session which has never seen it.
-- not null: answer
select 1 as answer;

-- listMigrations :many
select name, checksum from daybreak.migrations order by name;

-- listUnknownZones :many
-- Of these names, those for which the server has no data.
-- not null: name
select given.name from unnest(:names::text[]) as given (name)
except select name from pg_timezone_names
order by 1
limit :limit;

-- findWorkers :one
-- Worker processes by their heartbeat.
-- not null: alive, silent
select count(*) filter (where last_seen_at >= clock_timestamp() - make_interval(secs => :staleSeconds))::int as alive,
  count(*) filter (where last_seen_at < clock_timestamp() - make_interval(secs => :staleSeconds))::int as silent
from daybreak.provisioner_daemons;

-- findLongestWait :one
-- Seconds since work that nobody has taken up was due: queue jobs, and builds and imports. Null when nothing waits.
select
  (select extract(epoch from clock_timestamp() - min(run_at))::float8 from graphile_worker._private_jobs
    where locked_at is null and attempts < max_attempts and run_at <= clock_timestamp()) as job_seconds,
  (select extract(epoch from clock_timestamp() - min(created_at))::float8 from daybreak.provisioner_jobs
    where started_at is null and completed_at is null and canceled_at is null) as build_seconds;
