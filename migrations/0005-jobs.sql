-- What our job layer adds to graphile-worker.

-- graphile-worker's add_job with a key may return a row of nulls and queue nothing when many write the same key at once
-- (graphile/worker issue 580). It is called again until it names a job; 100 tries are far beyond what 16 writers need.
create function daybreak.enqueue(
  task text, payload json, job_key text, run_at timestamptz, max_attempts integer, priority integer
) returns text language plpgsql as $$
declare
  job_id bigint;
begin
  for attempt in 1..100 loop
    select id into job_id from graphile_worker.add_job(
      task, payload => payload, run_at => run_at, max_attempts => max_attempts, job_key => job_key, priority => priority);
    if job_id is not null then
      return job_id::text;
    end if;
  end loop;
  raise exception 'the job % with key % could not be queued', task, job_key using errcode = 'object_in_use';
end $$;

-- One row per runner: graphile-worker locks jobs in the name of its pool, and knows nothing of the pool's health.
create table daybreak.job_workers (
  pool_id text primary key,
  process_id uuid not null,
  class text not null,
  host text not null,
  pid integer not null,
  version text not null,
  -- A class that prefetches holds jobs that it has not started; those that it has are named here first.
  prefetches boolean not null,
  started_jobs bigint[] not null default '{}',
  started_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp()
);
create index job_workers_seen on daybreak.job_workers (last_seen_at);
