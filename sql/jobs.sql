-- enqueueJob :one prepared
-- Queues a job in the caller's transaction; with a key it replaces the one that waits under that key.
-- not null: id
-- nullable params: jobKey, runAt, priority
select daybreak.enqueue(:task, :payload, :jobKey, :runAt, :maxAttempts, :priority) as id;

-- findHeldJob :maybe prepared
-- The job, while that pool still holds it for that attempt. A running job whose key is asked for again gives the key to
-- the new one and counts as at its last attempt.
select id from graphile_worker._private_jobs
where id = :jobId and locked_by = :poolId and (attempts = :attempt or (key is null and attempts = max_attempts));

-- lockHeldJob :maybe prepared
-- The same, and nobody can take the job away before the transaction ends.
select id from graphile_worker._private_jobs
where id = :jobId and locked_by = :poolId and (attempts = :attempt or (key is null and attempts = max_attempts))
for no key update;

-- listHeldJobs :many prepared
-- Those of some runs that the pool still holds.
select job.id
from unnest(:jobIds::bigint[], :attempts::int[]) as run (id, attempt)
join graphile_worker._private_jobs job on job.id = run.id
where job.locked_by = :poolId and (job.attempts = run.attempt or (job.key is null and job.attempts = job.max_attempts));

-- unlockJobs :many
-- Takes the jobs of dead pools away from them; one that was fetched but never started gets its attempt back. A job
-- whose row is locked has a handler inside a transaction that it may still commit: it stays until that is decided.
-- not null: id
with stranded as (
  select job.id, job.locked_by from graphile_worker._private_jobs job
  where job.locked_by = any (:poolIds::text[])
  for update skip locked
), judged as (
  select stranded.id, coalesce(worker.prefetches and not stranded.id = any (worker.started_jobs), false) as waiting
  from stranded left join daybreak.job_workers worker on worker.pool_id = stranded.locked_by
)
update graphile_worker._private_jobs job set
  locked_by = null,
  locked_at = null,
  attempts = case when judged.waiting then greatest(job.attempts - 1, 0) else job.attempts end,
  last_error = case when judged.waiting then job.last_error else 'its worker stopped before the job ended' end,
  updated_at = clock_timestamp()
from judged where job.id = judged.id
returning job.id;

-- listOrphanedPools :many
-- Pools that hold jobs and have no row: what is left when a row was lost.
-- not null: pool_id
select distinct job.locked_by as pool_id
from graphile_worker._private_jobs job
where job.locked_at < clock_timestamp() - make_interval(secs => :deadAfterSeconds::float8)
  and job.locked_by like 'pool-%'
  and not exists (select from daybreak.job_workers worker where worker.pool_id = job.locked_by)
limit :limit;

-- announceJobs :exec
-- Has every runner look for jobs at once instead of at its next poll.
select pg_notify('jobs:insert', json_build_object('r', random(), 'count', :count::int)::text);
