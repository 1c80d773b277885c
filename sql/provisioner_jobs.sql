-- insertImportJob :one
insert into daybreak.provisioner_jobs (organization_id, initiator_id, provisioner, type, file_id)
values (:organizationId, :initiatorId, :provisioner, 'template_version_import', :fileId)
returning id;

-- acquireProvisionerJob :maybe prepared
-- The next job for this worker: people first, then removals, then new prebuilds; never one that was cancelled. One
-- that workers could not run waits longer each time: 0, 3, 15 and 63 s, so that a short fault of theirs fails no build.
update daybreak.provisioner_jobs set started_at = clock_timestamp(), updated_at = clock_timestamp(),
    worker_id = :workerId,
  attempt = attempt + 1
where id = (
  select id from daybreak.provisioner_jobs
  where started_at is null and completed_at is null and canceled_at is null
    and provisioner = :provisioner and tags <@ :tags::jsonb
    and (attempt < 2 or updated_at < clock_timestamp() - make_interval(secs => power(4, attempt - 1) - 1))
  order by priority, created_at, id
  limit 1
  for update skip locked)
returning id, type, organization_id, file_id, workspace_id, attempt;

-- heartbeatProvisionerJob :maybe
-- No row: the job was given to somebody else or ended; `canceled_at` asks this worker to stop.
update daybreak.provisioner_jobs set updated_at = clock_timestamp()
where id = :id and worker_id = :workerId and attempt = :attempt and completed_at is null
returning canceled_at;

-- completeProvisionerJob :maybe
-- The fence: only the worker that holds this attempt may end the job. A cancellation that came too late is forgotten.
update daybreak.provisioner_jobs set completed_at = clock_timestamp(), updated_at = clock_timestamp(),
  error = :error::text, error_code = :errorCode::text,
  canceled_at = case when :error::text <> '' or :errorCode::text <> '' then canceled_at end
where id = :id and worker_id = :workerId and attempt = :attempt and completed_at is null
returning id;

-- findProvisionerJob :maybe
select id, created_at, started_at, completed_at, canceled_at, error, error_code, job_status, worker_id, file_id, tags,
    organization_id,
  initiator_id, type, provisioner, workspace_id, logs_overflowed
from daybreak.provisioner_jobs where id = :id;

-- listProvisionerJobs :many
select id, created_at, started_at, completed_at, canceled_at, error, error_code, job_status, worker_id, file_id, tags,
    organization_id,
  initiator_id, type, provisioner, workspace_id, logs_overflowed
from daybreak.provisioner_jobs where id = any(:ids);

-- cancelProvisionerJob :maybe
-- A pending job ends at once; a running one is asked to, and its worker ends it. `attempt` says how often it was begun.
update daybreak.provisioner_jobs set canceled_at = clock_timestamp(), updated_at = clock_timestamp(),
  completed_at = case when started_at is null then clock_timestamp() end
where id = :id and completed_at is null and canceled_at is null
returning id, completed_at, attempt;

-- cancelPendingJob :maybe
-- Only one that no worker ever had: of others something may exist on a host.
update daybreak.provisioner_jobs set canceled_at = clock_timestamp(), updated_at = clock_timestamp(),
    completed_at = clock_timestamp()
where id = :id and started_at is null and completed_at is null and attempt = 0
returning id;

-- releaseProvisionerJob :maybe
-- Has it wait again: its worker lives, but could not run it.
update daybreak.provisioner_jobs set started_at = null, worker_id = null, updated_at = clock_timestamp()
where id = :id and worker_id = :workerId and attempt = :attempt and completed_at is null
returning id;

-- listHungProvisionerJobs :many
-- What its worker forgot, what no worker took, and what was cancelled and lost its worker or goes on regardless; the
-- caller ends each one, if it has not ended by then.
-- not null: reason
select id, workspace_id, attempt, tags, case when started_at is not null then 'hung'
  when canceled_at is not null then 'canceled' else 'pending' end as reason
from daybreak.provisioner_jobs
where completed_at is null and (started_at is null and canceled_at is not null
  or canceled_at < clock_timestamp() - make_interval(secs => :hungSeconds)
  or updated_at < clock_timestamp() - case when started_at is null
    then make_interval(secs => :pendingSeconds) else make_interval(secs => :hungSeconds) end)
order by updated_at
limit :limit;

-- endProvisionerJob :exec
update daybreak.provisioner_jobs set completed_at = clock_timestamp(), updated_at = clock_timestamp(),
    started_at = coalesce(started_at, clock_timestamp()),
  error = :error, error_code = :errorCode
where id = :id and completed_at is null;

-- requeueJobsOfDeadWorkers :many
-- Resumable drivers only: their provision repeats without harm. A worker is dead when its row is gone, or stale, or
-- belongs to an earlier process of this host.
-- nullable params: host
update daybreak.provisioner_jobs j set started_at = null, worker_id = null, updated_at = clock_timestamp()
where j.completed_at is null and j.started_at is not null and j.provisioner in ('process', 'docker')
    and j.worker_id <> :processId::uuid
  and not exists (select from daybreak.provisioner_daemons d
    where d.id = j.worker_id and d.last_seen_at > clock_timestamp() - make_interval(secs => :staleSeconds)
      and (:host::text is null or d.tags ->> 'host' is distinct from :host::text))
returning j.id, j.provisioner, j.tags;

-- insertJobLogs :exec
insert into daybreak.provisioner_job_logs (job_id, created_at, source, level, stage, output)
select :jobId, l.created_at, l.source, l.level, l.stage, l.output
from jsonb_to_recordset(:lines::jsonb) as l (created_at timestamptz, source text, level text, stage text, output text);

-- listJobLogs :many
select id, created_at, source, level, stage, output
from daybreak.provisioner_job_logs where job_id = :jobId and id > :after
order by id
limit :limit;

-- upsertDaemon :exec
insert into daybreak.provisioner_daemons (id, name, host, provisioners, tags, version)
values (:id, :name, :host, :provisioners, :tags, :version)
on conflict (id) do update set last_seen_at = clock_timestamp();

-- deleteDaemon :exec
delete from daybreak.provisioner_daemons where id = :id;

-- deleteStaleDaemons :exec
-- nullable params: host
delete from daybreak.provisioner_daemons
where id <> :processId::uuid
  and (last_seen_at < clock_timestamp() - make_interval(secs => :staleSeconds) or tags ->> 'host' = :host::text);
