-- What is kept ready, who took it, and why anything was decided.

-- One row per workspace that the system user owns. Nobody updates these rows in bulk: any other writer's lock makes a
-- row look taken to a claim.
create table daybreak.prebuild_pool (
  workspace_id uuid primary key references daybreak.workspaces on delete cascade,
  template_id uuid not null references daybreak.templates on delete restrict,
  template_version_id uuid not null references daybreak.template_versions on delete restrict,
  preset_id uuid not null references daybreak.template_version_presets on delete restrict,
  preset_key text not null,
  state text not null default 'building' check (state in ('building', 'booting', 'ready', 'parked', 'failed', 'deleting')),
  ready_at timestamptz,
  -- By when it must be ready, else it has failed; set while it boots.
  boot_deadline_at timestamptz,
  failed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  constraint prebuild_pool_ready check ((state = 'ready') = (ready_at is not null)),
  constraint prebuild_pool_failed check (state <> 'failed' or failed_at is not null)
);
create index prebuild_pool_claim on daybreak.prebuild_pool (template_id, preset_key, ready_at, workspace_id) where state = 'ready';
create index prebuild_pool_preset on daybreak.prebuild_pool (preset_id, state);
create index prebuild_pool_boot_deadline on daybreak.prebuild_pool (boot_deadline_at) where state = 'booting';

create function daybreak.check_pool_row_is_system_owned() returns trigger language plpgsql as $$
begin
  if exists (select from daybreak.workspaces w join daybreak.prebuild_pool p on p.workspace_id = w.id
      where w.id = new.workspace_id and w.owner_id <> daybreak.system_user_id()) then
    raise exception 'workspace % is in the pool but somebody owns it', new.workspace_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger prebuild_pool_is_system_owned after insert or update of workspace_id on daybreak.prebuild_pool
  deferrable initially deferred for each row execute function daybreak.check_pool_row_is_system_owned();

create function daybreak.check_owned_is_not_in_pool() returns trigger language plpgsql as $$
begin
  if exists (select from daybreak.prebuild_pool where workspace_id = new.id) then
    raise exception 'workspace % has an owner but is still in the pool', new.id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger workspaces_owned_is_not_in_pool after update of owner_id on daybreak.workspaces
  deferrable initially deferred for each row when (new.owner_id <> daybreak.system_user_id())
  execute function daybreak.check_owned_is_not_in_pool();

-- Causes for looking at a preset again; appended in the cause's own transaction, eaten by the reconcile.
create table daybreak.preset_wakes (
  id bigint primary key generated always as identity,
  -- Not enforced, or every claim of a pool would lock its preset's row.
  preset_id uuid not null references daybreak.template_version_presets not enforced,
  cause text not null,
  actor_id uuid,
  at timestamptz not null default clock_timestamp()
);
create index preset_wakes_preset on daybreak.preset_wakes (preset_id);

create table daybreak.workspace_claims (
  workspace_id uuid primary key references daybreak.workspaces on delete cascade,
  preset_id uuid not null references daybreak.template_version_presets not enforced,
  claimed_by uuid not null references daybreak.users not enforced,
  claimed_at timestamptz not null,
  claim_build_id uuid not null,
  state text not null check (state in ('building', 'done', 'failed', 'returned'))
);
create index workspace_claims_preset on daybreak.workspace_claims (preset_id, claimed_at);

-- A successful claim is a row of workspace_claims, and none here.
create table daybreak.prebuild_events (
  id bigint primary key generated always as identity,
  preset_id uuid not null references daybreak.template_version_presets on delete cascade,
  kind text not null check (kind in ('claim_missed', 'became_ready', 'build_failed', 'start_failed',
    'boot_timeout', 'lost')),
  workspace_id uuid,
  user_id uuid,
  detail text not null default '',
  at timestamptz not null
);
create index prebuild_events_preset on daybreak.prebuild_events (preset_id, kind, at);

create table daybreak.reconcile_decisions (
  id bigint primary key generated always as identity,
  preset_id uuid not null references daybreak.template_version_presets on delete cascade,
  at timestamptz not null,
  causes text[] not null,
  state jsonb not null,
  actions jsonb not null,
  reasons jsonb not null,
  duration_ms integer not null
);
create index reconcile_decisions_preset on daybreak.reconcile_decisions (preset_id, id);

-- The next instant at which a preset's decision changes by itself, and the last one that was applied: a worker whose
-- clock is behind must not undo it.
create table daybreak.schedule_boundaries (
  preset_id uuid primary key references daybreak.template_version_presets on delete cascade,
  next_at timestamptz,
  next_reason text check (next_reason in ('window', 'ttl', 'backoff', 'boot_deadline')),
  applied_at timestamptz not null,
  desired integer not null,
  window_cron text,
  window_until timestamptz,
  hold text,
  tzdata text not null
);
create index schedule_boundaries_next on daybreak.schedule_boundaries (next_at) where next_at is not null;

create table daybreak.prebuild_settings (
  scope text primary key check (scope in ('deployment')),
  reconciliation_paused boolean not null default false,
  updated_by uuid references daybreak.users on delete restrict,
  updated_at timestamptz not null default clock_timestamp()
);
insert into daybreak.prebuild_settings (scope) values ('deployment');

-- The same request repeated finds what the first one made.
create table daybreak.idempotency_keys (
  user_id uuid not null references daybreak.users on delete cascade,
  key text not null check (length(key) between 1 and 255),
  request_hash bytea not null check (length(request_hash) = 32),
  workspace_id uuid not null references daybreak.workspaces on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  primary key (user_id, key)
);
create index idempotency_keys_created on daybreak.idempotency_keys (created_at);
