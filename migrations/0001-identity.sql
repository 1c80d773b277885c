-- Who there is: organizations, users, and how they sign in.

-- Owner of every unclaimed prebuild; hidden from lists. The id is the one that clients of the wire format know.
create function daybreak.system_user_id() returns uuid language sql immutable parallel safe
  return 'c42fdf75-3097-471c-8c33-fb52454d81c0'::uuid;

create table daybreak.organizations (
  id uuid primary key default uuidv7(),
  name text not null check (name ~ '^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$' and length(name) <= 32),
  display_name text not null default '',
  description text not null default '',
  icon text not null default '',
  is_default boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
create unique index organizations_name on daybreak.organizations (lower(name)) where deleted_at is null;
create unique index organizations_default on daybreak.organizations (is_default) where is_default;

create table daybreak.users (
  id uuid primary key default uuidv7(),
  username text not null check (username ~ '^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$' and length(username) <= 32),
  email text not null,
  name text not null default '',
  status text not null default 'active' check (status in ('active', 'dormant', 'suspended')),
  login_type text not null default 'none' check (login_type in ('none', 'password', 'token', 'oidc')),
  roles text[] not null default '{}',
  password_hash text,
  is_system boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz,
  deleted_at timestamptz
);
create unique index users_username on daybreak.users (lower(username)) where deleted_at is null;
create unique index users_email on daybreak.users (lower(email)) where deleted_at is null;

create table daybreak.organization_members (
  user_id uuid not null references daybreak.users on delete cascade,
  organization_id uuid not null references daybreak.organizations on delete cascade,
  roles text[] not null default '{}',
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (user_id, organization_id)
);
create index organization_members_organization on daybreak.organization_members (organization_id);

insert into daybreak.users (id, username, email, name, is_system)
values (daybreak.system_user_id(), 'prebuilds', 'prebuilds@system', 'Prebuilds Owner', true);

create function daybreak.refuse_system_user_change() returns trigger language plpgsql as $$
begin
  raise exception 'the system user cannot be changed or removed' using errcode = 'restrict_violation';
end $$;
create trigger users_system_is_fixed before update or delete on daybreak.users
  for each row when (old.is_system) execute function daybreak.refuse_system_user_change();

-- Sessions and API tokens alike: `<id>-<secret>`, of which only the secret's hash is here.
create table daybreak.api_keys (
  id text primary key check (length(id) = 10),
  hashed_secret bytea not null check (length(hashed_secret) = 32),
  user_id uuid not null references daybreak.users on delete cascade,
  login_type text not null check (login_type in ('none', 'password', 'token', 'oidc', 'link')),
  token_name text not null default '',
  lifetime_seconds integer not null check (lifetime_seconds > 0),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  last_used_at timestamptz
);
create index api_keys_user on daybreak.api_keys (user_id);
create index api_keys_expiry on daybreak.api_keys (expires_at);

-- One-time links for a first sign-in: used means deleted.
create table daybreak.sign_in_links (
  token_hash bytea primary key check (length(token_hash) = 32),
  user_id uuid not null references daybreak.users on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index sign_in_links_expiry on daybreak.sign_in_links (expires_at);
