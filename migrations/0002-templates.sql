-- What can be built: templates, their versions, and the presets that may ask for a pool.

create table daybreak.files (
  id uuid primary key default uuidv7(),
  hash bytea not null check (length(hash) = 32),
  mimetype text not null,
  data bytea not null,
  created_by uuid not null references daybreak.users on delete restrict,
  created_at timestamptz not null default clock_timestamp()
);
create unique index files_hash on daybreak.files (hash, created_by);

-- The durable record of an import or a build, and at the same time the provisioners' queue.
create table daybreak.provisioner_jobs (
  id uuid primary key default uuidv7(),
  -- Foreign keys that are not enforced: what they name is never removed, and a check would lock the one row that every
  -- claim of a pool names.
  organization_id uuid not null references daybreak.organizations not enforced,
  initiator_id uuid not null references daybreak.users not enforced,
  provisioner text not null check (provisioner in ('process', 'docker', 'terraform')),
  type text not null check (type in ('template_version_import', 'workspace_build')),
  file_id uuid references daybreak.files on delete restrict,
  workspace_id uuid, -- references workspaces, added there
  input jsonb not null default '{}',
  tags jsonb not null default '{"scope": "organization", "owner": ""}',
  -- Lower runs first: people 0, removals of prebuilds 5, new prebuilds 10.
  priority smallint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  canceled_at timestamptz,
  completed_at timestamptz,
  worker_id uuid,
  -- Grows with each acquisition: the fence for a worker that froze and came back.
  attempt integer not null default 0,
  error text not null default '',
  error_code text not null default '',
  logs_length integer not null default 0 check (logs_length <= 1048576),
  logs_overflowed boolean not null default false,
  job_status text not null generated always as (
    case
      when completed_at is not null then
        case when error <> '' then 'failed' when canceled_at is not null then 'canceled' else 'succeeded' end
      when error <> '' then 'failed'
      when canceled_at is not null then 'canceling'
      when started_at is null then 'pending'
      else 'running'
    end) stored
);
create unique index provisioner_jobs_one_unfinished on daybreak.provisioner_jobs (workspace_id)
  where completed_at is null and workspace_id is not null;
create index provisioner_jobs_pending on daybreak.provisioner_jobs (provisioner, priority, created_at, id)
  where started_at is null and completed_at is null and canceled_at is null;
create index provisioner_jobs_unfinished on daybreak.provisioner_jobs (updated_at) where completed_at is null;

create table daybreak.provisioner_job_logs (
  id bigint primary key generated always as identity,
  job_id uuid not null references daybreak.provisioner_jobs on delete cascade,
  created_at timestamptz not null,
  source text not null check (source in ('provisioner_daemon', 'provisioner')),
  level text not null check (level in ('trace', 'debug', 'info', 'warn', 'error')),
  stage text not null check (length(stage) <= 128),
  output text not null check (length(output) <= 1024)
);
create index provisioner_job_logs_job on daybreak.provisioner_job_logs (job_id, id);

-- One row per live worker process.
create table daybreak.provisioner_daemons (
  id uuid primary key,
  name text not null,
  host text not null,
  provisioners text[] not null,
  tags jsonb not null,
  version text not null,
  created_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp()
);
create index provisioner_daemons_seen on daybreak.provisioner_daemons (last_seen_at);

create table daybreak.templates (
  id uuid primary key default uuidv7(),
  organization_id uuid not null references daybreak.organizations on delete restrict,
  name text not null check (name ~ '^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$' and length(name) <= 32),
  display_name text not null default '',
  description text not null default '',
  icon text not null default '',
  provisioner text not null check (provisioner in ('process', 'docker', 'terraform')),
  active_version_id uuid not null,
  require_active_version boolean not null default false,
  deprecated text not null default '',
  default_ttl_seconds integer check (default_ttl_seconds > 0),
  created_by uuid not null references daybreak.users on delete restrict,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
create unique index templates_name on daybreak.templates (organization_id, lower(name)) where deleted_at is null;
create index templates_active_version on daybreak.templates (active_version_id);

create table daybreak.template_versions (
  id uuid primary key default uuidv7(),
  template_id uuid references daybreak.templates on delete restrict,
  organization_id uuid not null references daybreak.organizations on delete restrict,
  name text not null check (length(name) between 1 and 64),
  message text not null default '' check (length(message) <= 1048576),
  readme text not null default '',
  job_id uuid not null unique references daybreak.provisioner_jobs on delete restrict,
  -- What the import found; null until it has succeeded.
  manifest jsonb,
  created_by uuid not null references daybreak.users on delete restrict,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  archived_at timestamptz
);
create unique index template_versions_name on daybreak.template_versions (template_id, lower(name));
-- Deferred: a template and its first version are made in one transaction.
alter table daybreak.templates add foreign key (active_version_id)
  references daybreak.template_versions on delete restrict deferrable initially deferred;

create table daybreak.template_version_parameters (
  template_version_id uuid not null references daybreak.template_versions on delete cascade,
  name text not null,
  position integer not null,
  definition jsonb not null,
  primary key (template_version_id, name)
);

create table daybreak.template_version_presets (
  id uuid primary key default uuidv7(),
  template_version_id uuid not null references daybreak.template_versions on delete cascade,
  name text not null,
  -- Stable across versions, where ids are not.
  preset_key text not null,
  description text not null default '' check (length(description) <= 128),
  icon text not null default '' check (length(icon) <= 256),
  is_default boolean not null default false,
  -- Null: a preset without a pool.
  desired_instances integer check (desired_instances >= 0),
  invalidate_after_secs integer check (invalidate_after_secs > 0),
  scheduling_timezone text,
  prebuild_status text not null default 'healthy' check (prebuild_status in ('healthy', 'hard_limited', 'validation_failed')),
  last_invalidated_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  unique (template_version_id, name),
  unique (template_version_id, preset_key)
);
create unique index template_version_presets_default on daybreak.template_version_presets (template_version_id) where is_default;

create table daybreak.template_version_preset_parameters (
  preset_id uuid not null references daybreak.template_version_presets on delete cascade,
  name text not null,
  value text not null,
  primary key (preset_id, name)
);

create table daybreak.template_version_preset_prebuild_schedules (
  id uuid primary key default uuidv7(),
  preset_id uuid not null references daybreak.template_version_presets on delete cascade,
  cron_expression text not null,
  desired_instances integer not null check (desired_instances >= 0),
  unique (preset_id, cron_expression)
);
