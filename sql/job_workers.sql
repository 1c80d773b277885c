-- insertJobWorker :exec
-- Must be committed before the pool fetches its first job.
insert into daybreak.job_workers (pool_id, process_id, class, host, pid, version, prefetches)
values (:poolId, :processId, :class, :host, :pid, :version, :prefetches);

-- beatJobWorkers :many prepared
-- Tells that these pools live. `revived`: its row was gone, so its jobs were given to others meanwhile. `others_died`:
-- pools of other processes wait to be rescued. `next_death_in_ms`: when the first of those alive will have been silent
-- for too long; null when there is none.
-- not null: pool_id, revived, others_died
with beat as (
  insert into daybreak.job_workers (pool_id, process_id, class, host, pid, version, prefetches)
  select pool.id, :processId, pool.class, :host, :pid, :version, pool.prefetches
  from unnest(:poolIds::text[], :classes::text[], :prefetches::bool[]) as pool (id, class, prefetches)
  on conflict (pool_id) do update set last_seen_at = clock_timestamp()
  returning new.pool_id, old.pool_id is null as revived
), other as (
  select :deadAfterSeconds::float8 - extract(epoch from clock_timestamp() - last_seen_at) as seconds_left
  from daybreak.job_workers where pool_id <> all (:poolIds::text[])
)
select beat.pool_id, beat.revived,
  exists (select from other where seconds_left < 0) as others_died,
  (select ceil(1000 * min(seconds_left))::int from other where seconds_left >= 0) as next_death_in_ms
from beat;

-- lockDeadJobWorkers :many
-- Pools silent for too long, by the database's clock, that no other process is rescuing.
select pool_id from daybreak.job_workers
where last_seen_at < clock_timestamp() - make_interval(secs => :deadAfterSeconds::float8)
order by last_seen_at
limit :limit
for update skip locked;

-- deleteJobWorkers :exec
-- Forgets pools, but not one that still holds a job.
delete from daybreak.job_workers worker
where worker.pool_id = any (:poolIds::text[])
  and not exists (select from graphile_worker._private_jobs job where job.locked_by = worker.pool_id);

-- startJobs :many prepared
-- Remembers which prefetched jobs a pool starts, before it does; returns those of them that it still holds.
-- not null: id
with held as (
  select job.id
  from unnest(:jobIds::bigint[], :attempts::int[]) as run (id, attempt)
  join graphile_worker._private_jobs job on job.id = run.id
  where job.locked_by = :poolId and (job.attempts = run.attempt or (job.key is null
      and job.attempts = job.max_attempts))
), written as (
  update daybreak.job_workers worker set started_jobs = array (
    select job.id from graphile_worker._private_jobs job
    where job.id = any (worker.started_jobs) and job.locked_by = worker.pool_id
    union select held.id from held)
  where worker.pool_id = :poolId
  returning worker.pool_id
)
select held.id from held, written;
