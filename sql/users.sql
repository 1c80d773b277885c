-- lockFirstUser :one
-- Held by who makes the first person: the system user's row is the one that always exists.
select id from daybreak.users where is_system for update;

-- hasPeople :one
-- not null: people
select exists (select from daybreak.users where not is_system and deleted_at is null) as people;

-- findLogin :maybe
-- By mail or name: a name has no `@`, so no two people can answer.
select id, username, status, login_type, password_hash
from daybreak.users
where deleted_at is null and not is_system and (lower(email) = lower(:login) or lower(username) = lower(:login));

-- listUsers :many
-- By name. A null filter lets all pass; `readerId` is who may see but himself, and learns of nobody by `afterId`.
-- nullable params: search, statuses, role, loginTypes, seenBefore, seenAfter, createdBefore, createdAfter, readerId
-- nullable params: afterId
select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
  array(select m.organization_id from daybreak.organization_members m
    join daybreak.organizations o on o.id = m.organization_id
    where m.user_id = u.id and o.deleted_at is null) as organization_ids
from daybreak.users u
where deleted_at is null and (:includeSystem::boolean or not is_system)
  and (:readerId::uuid is null or id = :readerId::uuid)
  and (:search::text is null or strpos(lower(username), lower(:search::text)) > 0
    or strpos(lower(email), lower(:search::text)) > 0 or strpos(lower(name), lower(:search::text)) > 0)
  and (:statuses::text[] is null or status = any(:statuses::text[]))
  and (:role::text is null or :role::text = any(roles) or :role::text = 'member')
  and (:loginTypes::text[] is null or login_type = any(:loginTypes::text[]))
  and (:seenBefore::timestamptz is null or coalesce(last_seen_at, '-infinity') <= :seenBefore::timestamptz)
  and (:seenAfter::timestamptz is null or last_seen_at >= :seenAfter::timestamptz)
  and (:createdBefore::timestamptz is null or created_at <= :createdBefore::timestamptz)
  and (:createdAfter::timestamptz is null or created_at >= :createdAfter::timestamptz)
  and (:afterId::uuid is null
    or lower(username) > (select lower(a.username) from daybreak.users a where a.id = :afterId::uuid
      and (:readerId::uuid is null or a.id = :readerId::uuid)))
order by lower(username), id
limit :limit offset :offset;

-- countUsers :one
-- Of all pages together.
-- nullable params: search, statuses, role, loginTypes, seenBefore, seenAfter, createdBefore, createdAfter, readerId
-- not null: users
select count(*)::integer as users
from daybreak.users u
where deleted_at is null and (:includeSystem::boolean or not is_system)
  and (:readerId::uuid is null or id = :readerId::uuid)
  and (:search::text is null or strpos(lower(username), lower(:search::text)) > 0
    or strpos(lower(email), lower(:search::text)) > 0 or strpos(lower(name), lower(:search::text)) > 0)
  and (:statuses::text[] is null or status = any(:statuses::text[]))
  and (:role::text is null or :role::text = any(roles) or :role::text = 'member')
  and (:loginTypes::text[] is null or login_type = any(:loginTypes::text[]))
  and (:seenBefore::timestamptz is null or coalesce(last_seen_at, '-infinity') <= :seenBefore::timestamptz)
  and (:seenAfter::timestamptz is null or last_seen_at >= :seenAfter::timestamptz)
  and (:createdBefore::timestamptz is null or created_at <= :createdBefore::timestamptz)
  and (:createdAfter::timestamptz is null or created_at >= :createdAfter::timestamptz);

-- lockUser :maybe
-- A weaker lock than an update of the id: workspaces of the user may be made meanwhile.
select id, username, name, status, login_type, roles, is_system, password_hash
from daybreak.users where id = :id and deleted_at is null for no key update;

-- lockUserAlone :maybe
-- Until it is released, nobody makes anything that belongs to the user.
select id, roles from daybreak.users where id = :id and deleted_at is null for update;

-- lockOwners :many
-- Those who can still give out every role, in one order, so that two who take it from each other wait and see.
select id from daybreak.users
where deleted_at is null and not is_system and status <> 'suspended' and 'owner' = any(roles)
order by id
for no key update;

-- listMemberRoles :many
select organization_id, roles from daybreak.organization_members where user_id = :userId;

-- listKnownCustomRoles :many
select name, organization_id, display_name from daybreak.custom_roles where name = any(:names);

-- updateProfile :exec
update daybreak.users set username = :username, name = :name, updated_at = clock_timestamp() where id = :id;

-- setUserStatus :exec
update daybreak.users set status = :status, updated_at = clock_timestamp() where id = :id;

-- setUserRoles :exec
update daybreak.users set roles = :roles, updated_at = clock_timestamp() where id = :id;

-- setPassword :exec
-- Whoever has a password signs in by it.
update daybreak.users set password_hash = :passwordHash, login_type = 'password', updated_at = clock_timestamp()
where id = :id;

-- replacePasswordHash :exec
-- Of the same password, with today's parameters; one that was changed meanwhile stays.
update daybreak.users set password_hash = :passwordHash where id = :id and password_hash = :before;

-- noteSignIn :exec
update daybreak.users
set last_seen_at = clock_timestamp(), status = case status when 'dormant' then 'active' else status end
where id = :id;

-- ownsWorkspaces :one
-- not null: owns
select exists (select from daybreak.workspaces where owner_id = :id and deleted_at is null) as owns;

-- removeUser :exec
-- The row stays, because history names it; its rights and ways in do not.
with keys as (delete from daybreak.api_keys where user_id = :id),
  links as (delete from daybreak.sign_in_links where user_id = :id),
  logins as (delete from daybreak.user_links where user_id = :id),
  grants as (delete from daybreak.template_acl where user_id = :id),
  groups as (delete from daybreak.group_members where user_id = :id),
  members as (delete from daybreak.organization_members where user_id = :id)
update daybreak.users set deleted_at = clock_timestamp(), password_hash = null, updated_at = clock_timestamp()
where id = :id;

-- findPassword :maybe
select password_hash from daybreak.users where id = :id and deleted_at is null;
