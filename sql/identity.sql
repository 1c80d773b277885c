-- readClock :one
-- The database's time: the one clock that all processes share.
-- not null: now
select clock_timestamp() as now;

-- findSession :maybe prepared
-- A live key with its user and all that decides what he may; the caller compares the secret. `idle`: its last use was
-- not written down for a minute.
-- not null: idle, memberships, groups, custom_roles
select k.id as key_id, k.hashed_secret, k.login_type, k.scopes, k.allow_list,
  coalesce(k.last_used_at < clock_timestamp() - interval '1 minute', true) as idle,
  u.id, u.username, u.status, u.roles, u.is_system,
  (select coalesce(jsonb_agg(jsonb_build_object('organizationId', m.organization_id, 'roles', m.roles)), '[]')
    from daybreak.organization_members m join daybreak.organizations o on o.id = m.organization_id
    where m.user_id = u.id and o.deleted_at is null) as memberships,
  array(select g.group_id from daybreak.group_members g where g.user_id = u.id) as groups,
  (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'organizationId', c.organization_id,
      'displayName', c.display_name, 'site', c.site_permissions, 'organization', c.organization_permissions,
      'user', c.user_permissions)), '[]')
    from daybreak.custom_roles c
    where c.organization_id is null and c.name = any(u.roles)
      or exists (select from daybreak.organization_members m
        where m.user_id = u.id and m.organization_id = c.organization_id and c.name = any(m.roles))) as custom_roles
from daybreak.api_keys k
join daybreak.users u on u.id = k.user_id
where k.id = :id and k.expires_at > clock_timestamp() and u.deleted_at is null;

-- touchApiKey :exec
-- Its user was seen; who had been away for long is back.
with key as (update daybreak.api_keys set last_used_at = clock_timestamp() where id = :id returning user_id)
update daybreak.users u
set last_seen_at = clock_timestamp(), status = case u.status when 'dormant' then 'active' else u.status end
from key where u.id = key.user_id;

-- insertApiKey :one
insert into daybreak.api_keys (id, hashed_secret, user_id, login_type, token_name, lifetime_seconds, expires_at)
values (:id, :hashedSecret, :userId, :loginType, :tokenName, :lifetimeSeconds::integer,
  clock_timestamp() + make_interval(secs => :lifetimeSeconds::integer))
returning id, created_at, expires_at;

-- deleteApiKey :exec
delete from daybreak.api_keys where id = :id;

-- insertSignInLink :exec
insert into daybreak.sign_in_links (token_hash, user_id, expires_at)
values (:tokenHash, :userId, clock_timestamp() + make_interval(secs => :lifetimeSeconds));

-- useSignInLink :maybe
-- Deletes what it finds: a link works once.
delete from daybreak.sign_in_links where token_hash = :tokenHash and expires_at > clock_timestamp() returning user_id;

-- deleteSignInLinks :exec
delete from daybreak.sign_in_links where user_id = :userId;

-- findUser :maybe
-- By id, or by name when `id` is null.
-- nullable params: id, username
select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
  array(select m.organization_id from daybreak.organization_members m
    join daybreak.organizations o on o.id = m.organization_id
    where m.user_id = u.id and o.deleted_at is null) as organization_ids
from daybreak.users u
where deleted_at is null and (id = :id or lower(username) = lower(:username));

-- findFirstAdmin :maybe
-- The oldest owner of the deployment.
select id, username, password_hash is not null or login_type = 'oidc' as can_sign_in
from daybreak.users
where deleted_at is null and not is_system and 'owner' = any(roles)
order by created_at, id
limit 1;

-- insertUser :one
insert into daybreak.users (username, email, name, login_type, roles)
values (:username, :email, :name, :loginType, :roles)
returning id;

-- insertOrganization :one
insert into daybreak.organizations (name, display_name, is_default) values (:name, :displayName, :isDefault)
returning id;

-- insertMember :exec
insert into daybreak.organization_members (user_id, organization_id) values (:userId, :organizationId)
on conflict do nothing;

-- findOrganization :maybe
-- By id, by name, or the default one when both are null.
-- nullable params: id, name
select id, name, display_name, description, icon, is_default, created_at, updated_at
from daybreak.organizations
where deleted_at is null and case
  when :id::uuid is not null then id = :id::uuid
  when :name::text is not null then lower(name) = lower(:name::text)
  else is_default end;

-- isMember :one
-- not null: member
select exists (select from daybreak.organization_members where user_id = :userId and organization_id = :organizationId)
    as member;
