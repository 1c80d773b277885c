-- Who may do what: groups, access lists of templates, custom roles, links to identity providers, and what was changed.

create table daybreak.groups (
  id uuid primary key default uuidv7(),
  organization_id uuid not null references daybreak.organizations on delete cascade,
  name text not null check (length(name) between 1 and 64),
  display_name text not null default '',
  avatar_url text not null default '',
  quota_allowance integer not null default 0 check (quota_allowance >= 0),
  source text not null default 'user' check (source in ('user', 'oidc')),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create unique index groups_name on daybreak.groups (organization_id, lower(name));

-- Not of the everyone group: its members are the organization's.
create table daybreak.group_members (
  group_id uuid not null references daybreak.groups on delete cascade,
  user_id uuid not null references daybreak.users on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  primary key (group_id, user_id)
);
create index group_members_user on daybreak.group_members (user_id);

-- Clients know the group of everyone by its organization's id.
create function daybreak.make_everyone_group() returns trigger language plpgsql as $$
begin
  insert into daybreak.groups (id, organization_id, name) values (new.id, new.id, 'Everyone') on conflict do nothing;
  return null;
end $$;
create trigger organizations_have_everyone after insert on daybreak.organizations
  for each row execute function daybreak.make_everyone_group();

-- In rows, so that a removed user or group takes its grants along. `*` is every action.
create table daybreak.template_acl (
  template_id uuid not null references daybreak.templates on delete cascade,
  user_id uuid references daybreak.users on delete cascade,
  group_id uuid references daybreak.groups on delete cascade,
  actions text[] not null check (cardinality(actions) > 0),
  check (num_nonnulls(user_id, group_id) = 1),
  unique nulls not distinct (template_id, user_id, group_id)
);

create table daybreak.custom_roles (
  name text not null,
  organization_id uuid references daybreak.organizations on delete cascade,
  display_name text not null default '',
  site_permissions jsonb not null default '[]',
  organization_permissions jsonb not null default '[]',
  user_permissions jsonb not null default '[]',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (name, organization_id)
);

-- What a token may do at most, and on what.
alter table daybreak.api_keys
  add column scopes text[] not null default '{coder:all}',
  add column allow_list text[] not null default '{*:*}';

create table daybreak.user_links (
  user_id uuid not null references daybreak.users on delete cascade,
  login_type text not null check (login_type in ('oidc')),
  -- The provider's issuer and subject.
  linked_id text not null default '',
  -- {id_token_claims, user_info_claims, merged_claims}, each an object or null.
  claims jsonb not null default '{}' check (jsonb_typeof(claims) = 'object'),
  claims_updated_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (user_id, login_type)
);
create unique index user_links_linked on daybreak.user_links (linked_id, login_type) where linked_id <> '';

create table daybreak.audit_log (
  id uuid primary key default uuidv7(),
  at timestamptz not null default clock_timestamp(),
  -- Null: the system itself.
  actor_id uuid references daybreak.users not enforced,
  organization_id uuid references daybreak.organizations not enforced,
  action text not null check (action in ('create', 'write', 'delete', 'start', 'stop', 'login', 'logout', 'register',
    'claim')),
  target_type text not null,
  target_id text not null,
  target_name text not null default '',
  -- Only what changed, with secrets left out.
  before jsonb not null default '{}',
  after jsonb not null default '{}',
  request_id text not null default '',
  address inet,
  user_agent text not null default ''
);
create index audit_log_target on daybreak.audit_log (target_type, target_id, at desc);
create index audit_log_actor on daybreak.audit_log (actor_id, at desc);
