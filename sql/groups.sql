-- findGroup :maybe
-- By id, or by name within an organization. Who is in the group of everyone is who is in the organization.
-- nullable params: id, organizationId, name
-- not null: organization_name, organization_display_name, total
select g.id, g.organization_id, g.name, g.display_name, g.avatar_url, g.quota_allowance, g.source,
  o.name as organization_name, o.display_name as organization_display_name,
  (select count(*)::integer from (
      select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
      union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
    join daybreak.users u on u.id = p.user_id
    where u.deleted_at is null and (:includeSystem or not u.is_system)) as total
from daybreak.groups g
join daybreak.organizations o on o.id = g.organization_id
where o.deleted_at is null and case when :id::uuid is not null then g.id = :id::uuid
  else g.organization_id = :organizationId::uuid and lower(g.name) = lower(:name::text) end;

-- listGroups :many
-- Of one organization, by name; all, or those of the ids.
-- nullable params: ids
-- not null: organization_name, organization_display_name, total
select g.id, g.organization_id, g.name, g.display_name, g.avatar_url, g.quota_allowance, g.source,
  o.name as organization_name, o.display_name as organization_display_name,
  (select count(*)::integer from (
      select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
      union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
    join daybreak.users u on u.id = p.user_id
    where u.deleted_at is null and (:includeSystem or not u.is_system)) as total
from daybreak.groups g
join daybreak.organizations o on o.id = g.organization_id
where o.deleted_at is null and g.organization_id = :organizationId
  and (:ids::uuid[] is null or g.id = any(:ids::uuid[]))
order by lower(g.name), g.id
limit :limit;

-- listGroupMembers :many
-- At most `perGroup` of each group, by name.
-- not null: group_id, id, username, name, email, created_at, updated_at, status, login_type
select g.id as group_id, x.id, x.username, x.name, x.email, x.created_at, x.updated_at, x.last_seen_at, x.status,
  x.login_type
from daybreak.groups g
cross join lateral (
  select u.id, u.username, u.name, u.email, u.created_at, u.updated_at, u.last_seen_at, u.status, u.login_type
  from (
    select m.user_id from daybreak.group_members m where m.group_id = g.id and g.id <> g.organization_id
    union all select m.user_id from daybreak.organization_members m where m.organization_id = g.id) p
  join daybreak.users u on u.id = p.user_id
  where u.deleted_at is null and (:includeSystem or not u.is_system)
  order by lower(u.username), u.id
  limit :perGroup) x
where g.id = any(:groupIds::uuid[])
order by g.id, lower(x.username), x.id;

-- lockGroup :maybe
select id from daybreak.groups where id = :id for no key update;

-- insertGroup :one
insert into daybreak.groups (organization_id, name, display_name, avatar_url, quota_allowance)
values (:organizationId, :name, :displayName, :avatarUrl, :quotaAllowance)
returning id;

-- updateGroup :exec
update daybreak.groups set name = :name, display_name = :displayName, avatar_url = :avatarUrl,
  quota_allowance = :quotaAllowance, updated_at = clock_timestamp()
where id = :id;

-- deleteGroup :exec
delete from daybreak.groups where id = :id;

-- listAddableUsers :many
-- Those of the ids who may be put into a group of the organization: its members, and the owner of prebuilds.
select u.id from daybreak.users u
where u.id = any(:ids::uuid[]) and u.deleted_at is null
  and (u.is_system or exists (select from daybreak.organization_members m
    where m.user_id = u.id and m.organization_id = :organizationId))
limit :limit;

-- addGroupMembers :many
-- Answers who was not in it.
insert into daybreak.group_members (group_id, user_id)
select :groupId, x.id from unnest(:userIds::uuid[]) as x (id)
on conflict do nothing
returning user_id;

-- removeGroupMembers :many
-- Answers who was in it.
delete from daybreak.group_members where group_id = :groupId and user_id = any(:userIds::uuid[]) returning user_id;
