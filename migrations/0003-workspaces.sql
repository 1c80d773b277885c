-- What was built: workspaces, their builds, and the agents inside.

create table daybreak.workspaces (
  id uuid primary key default uuidv7(),
  owner_id uuid not null references daybreak.users on delete restrict,
  organization_id uuid not null references daybreak.organizations on delete restrict,
  template_id uuid not null references daybreak.templates on delete restrict,
  name text not null,
  latest_build_id uuid, -- references workspace_builds, added below
  -- The only worker host that can act on it; null until its first build ran, and for drivers without a home.
  host text,
  automatic_updates text not null default 'never' check (automatic_updates in ('never', 'always')),
  autostart_schedule text,
  ttl_seconds integer check (ttl_seconds > 0),
  next_start_at timestamptz,
  last_used_at timestamptz not null default clock_timestamp(),
  dormant_at timestamptz,
  deleting_at timestamptz,
  born_as_prebuild boolean not null default false,
  claimed_at timestamptz,
  claimed_from_preset_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  constraint workspaces_prebuild_has_no_timetable check (
    owner_id <> daybreak.system_user_id() or (autostart_schedule is null and ttl_seconds is null and next_start_at is null
      and dormant_at is null and deleting_at is null)),
  constraint workspaces_claimed_is_owned check (claimed_at is null or owner_id <> daybreak.system_user_id())
);
create unique index workspaces_owner_name on daybreak.workspaces (owner_id, lower(name)) where deleted_at is null;
create index workspaces_template on daybreak.workspaces (template_id) where deleted_at is null;
alter table daybreak.provisioner_jobs add foreign key (workspace_id) references daybreak.workspaces on delete cascade;

create table daybreak.workspace_builds (
  id uuid primary key default uuidv7(),
  workspace_id uuid not null references daybreak.workspaces on delete cascade,
  build_number integer not null check (build_number > 0),
  transition text not null check (transition in ('start', 'stop', 'delete')),
  reason text not null check (reason in ('initiator', 'autostart', 'autostop', 'dormancy', 'autodelete', 'dashboard', 'cli',
    'ssh_connection', 'vscode_connection', 'jetbrains_connection', 'prebuild', 'prebuild_claim', 'prebuild_delete')),
  stage text not null default 'none' check (stage in ('none', 'prebuild', 'claim')),
  -- Not enforced: what they name is never removed, and a check would lock the one row that every claim of a pool names.
  initiator_id uuid not null references daybreak.users not enforced,
  job_id uuid not null references daybreak.provisioner_jobs on delete restrict,
  -- Whose resources this build has: its own job's, or after a claim in place those of the prebuild's.
  resources_job_id uuid not null,
  template_version_id uuid not null references daybreak.template_versions not enforced,
  preset_id uuid references daybreak.template_version_presets not enforced,
  deadline timestamptz,
  max_deadline timestamptz,
  daily_cost integer not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (workspace_id, build_number),
  check (max_deadline is null or deadline <= max_deadline)
);
create unique index workspace_builds_job on daybreak.workspace_builds (job_id);
alter table daybreak.workspaces add foreign key (latest_build_id)
  references daybreak.workspace_builds on delete set null deferrable initially deferred;

create table daybreak.workspace_build_parameters (
  build_id uuid not null references daybreak.workspace_builds on delete cascade,
  name text not null,
  value text not null,
  primary key (build_id, name)
);

create table daybreak.workspace_resources (
  id uuid primary key default uuidv7(),
  job_id uuid not null references daybreak.provisioner_jobs on delete cascade,
  transition text not null check (transition in ('start', 'stop', 'delete')),
  type text not null,
  name text not null,
  icon text not null default '',
  hide boolean not null default false,
  daily_cost integer not null default 0,
  created_at timestamptz not null default clock_timestamp()
);
create index workspace_resources_job on daybreak.workspace_resources (job_id);

create table daybreak.workspace_agents (
  id uuid primary key,
  -- The row that was provisioned: scripts belong to it, and it is what the token is sealed for. A claim succeeds it.
  definition_id uuid not null,
  workspace_id uuid not null references daybreak.workspaces on delete cascade,
  build_id uuid not null references daybreak.workspace_builds on delete cascade,
  resource_id uuid not null references daybreak.workspace_resources on delete cascade,
  parent_id uuid references daybreak.workspace_agents on delete cascade,
  name text not null,
  token_hash bytea not null check (length(token_hash) = 32),
  token_sealed bytea not null,
  operating_system text not null,
  architecture text not null,
  directory text not null default '',
  environment_variables jsonb not null default '{}',
  connection_timeout_seconds integer not null check (connection_timeout_seconds > 0),
  version text not null default '',
  lifecycle_state text not null default 'created' check (lifecycle_state in ('created', 'starting', 'start_timeout',
    'start_error', 'ready', 'shutting_down', 'shutdown_timeout', 'shutdown_error', 'off')),
  first_connected_at timestamptz,
  last_connected_at timestamptz,
  disconnected_at timestamptz,
  started_at timestamptz,
  ready_at timestamptz,
  reinit_generation integer not null default 0,
  acknowledged_generation integer not null default 0,
  acknowledged_at timestamptz,
  logs_length integer not null default 0 check (logs_length <= 1048576),
  logs_overflowed boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  check (acknowledged_generation <= reinit_generation)
);
create unique index workspace_agents_token on daybreak.workspace_agents (token_hash) where deleted_at is null;
create index workspace_agents_workspace on daybreak.workspace_agents (workspace_id) where deleted_at is null;
create index workspace_agents_connected on daybreak.workspace_agents (last_connected_at)
  where deleted_at is null and disconnected_at is null;
create index workspace_agents_unacknowledged on daybreak.workspace_agents (updated_at)
  where deleted_at is null and acknowledged_generation < reinit_generation;

create table daybreak.workspace_agent_scripts (
  id uuid primary key default uuidv7(),
  agent_id uuid not null references daybreak.workspace_agents on delete cascade,
  log_source_id uuid not null default uuidv7(),
  position integer not null,
  display_name text not null,
  icon text not null default '',
  script text not null,
  cron text not null default '',
  run_on_start boolean not null,
  run_on_stop boolean not null,
  start_blocks_login boolean not null,
  timeout_seconds integer not null check (timeout_seconds > 0)
);
create index workspace_agent_scripts_agent on daybreak.workspace_agent_scripts (agent_id);

create table daybreak.workspace_agent_logs (
  id bigint primary key generated always as identity,
  agent_id uuid not null references daybreak.workspace_agents on delete cascade,
  log_source_id uuid not null,
  created_at timestamptz not null,
  level text not null check (level in ('trace', 'debug', 'info', 'warn', 'error')),
  output text not null
);
create index workspace_agent_logs_agent on daybreak.workspace_agent_logs (agent_id, id);
