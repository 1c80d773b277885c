-- listOrganizations :many
-- All, or those of the ids.
-- nullable params: ids
select id, name, display_name, description, icon, is_default, created_at, updated_at
from daybreak.organizations
where deleted_at is null and (:ids::uuid[] is null or id = any(:ids::uuid[]))
order by lower(name), id
limit :limit;

-- lockOrganization :maybe
-- Nothing can come to belong to it meanwhile.
select id, name, display_name, description, icon, is_default, created_at, updated_at
from daybreak.organizations
where id = :id and deleted_at is null
for update;

-- updateOrganization :exec
update daybreak.organizations set name = :name, display_name = :displayName, description = :description, icon = :icon,
  updated_at = clock_timestamp()
where id = :id;

-- findDependents :one
-- not null: has_templates, has_workspaces
select exists (select from daybreak.templates where organization_id = :id and deleted_at is null) as has_templates,
  exists (select from daybreak.workspaces where organization_id = :id and deleted_at is null) as has_workspaces;

-- deleteOrganization :exec
-- What it was stays readable for those who look back; its name is free again.
update daybreak.organizations set deleted_at = clock_timestamp() where id = :id;

-- listMembers :many
-- By name; all, or those of the ids.
-- nullable params: userIds
select m.user_id, m.organization_id, m.roles, m.created_at, m.updated_at, u.username, u.name, u.email,
  u.roles as site_roles
from daybreak.organization_members m
join daybreak.users u on u.id = m.user_id
where m.organization_id = :organizationId and u.deleted_at is null and (:includeSystem or not u.is_system)
  and (:userIds::uuid[] is null or m.user_id = any(:userIds::uuid[]))
order by lower(u.username), m.user_id
limit :limit offset :offset;

-- countMembers :one
-- nullable params: userIds
-- not null: count
select count(*)::integer as count
from daybreak.organization_members m
join daybreak.users u on u.id = m.user_id
where m.organization_id = :organizationId and u.deleted_at is null and (:includeSystem or not u.is_system)
  and (:userIds::uuid[] is null or m.user_id = any(:userIds::uuid[]));

-- lockMember :maybe
select user_id, organization_id, roles, created_at, updated_at from daybreak.organization_members
where user_id = :userId and organization_id = :organizationId
for update;

-- addMember :maybe
-- Null: is one already.
insert into daybreak.organization_members (user_id, organization_id, roles) values (:userId, :organizationId, :roles)
on conflict do nothing
returning user_id, organization_id, roles, created_at, updated_at;

-- setMemberRoles :one
update daybreak.organization_members set roles = :roles, updated_at = clock_timestamp()
where user_id = :userId and organization_id = :organizationId
returning user_id, organization_id, roles, created_at, updated_at;

-- deleteMember :exec
delete from daybreak.organization_members where user_id = :userId and organization_id = :organizationId;

-- leaveGroups :exec
-- Who comes back later begins without groups.
delete from daybreak.group_members m using daybreak.groups g
where g.id = m.group_id and g.organization_id = :organizationId and m.user_id = :userId;

-- listCustomRoles :many
-- Of one organization.
select name, display_name from daybreak.custom_roles where organization_id = :organizationId order by name limit :limit;

-- joinPoolOwner :many
-- Makes the system user a member of every organization (or of the one named) of which any version of any template asks
-- for prebuilds, and of the group that gives it a quota there; answers those that lacked something, and writes nothing
-- elsewhere.
-- nullable params: organizationId
-- not null: organization_id, group_id
with lacking as (
  select o.id from daybreak.organizations o
  where o.deleted_at is null and (:organizationId::uuid is null or o.id = :organizationId::uuid)
    and (not exists (select from daybreak.organization_members m
        where m.organization_id = o.id and m.user_id = daybreak.system_user_id())
      or not exists (select from daybreak.groups g join daybreak.group_members m on m.group_id = g.id
        where g.organization_id = o.id and lower(g.name) = 'coderprebuiltworkspaces'
          and m.user_id = daybreak.system_user_id()))
    and exists (select from daybreak.template_versions v
      join daybreak.template_version_presets p on p.template_version_id = v.id
      where v.organization_id = o.id and p.desired_instances is not null)),
joined as (
  insert into daybreak.organization_members (user_id, organization_id)
  select daybreak.system_user_id(), id from lacking on conflict do nothing),
pool_groups as (
  insert into daybreak.groups (organization_id, name, display_name)
  select id, 'coderprebuiltworkspaces', 'Prebuilt Workspaces' from lacking
  on conflict (organization_id, lower(name)) do update set name = excluded.name
  returning id, organization_id),
grouped as (
  insert into daybreak.group_members (group_id, user_id)
  select id, daybreak.system_user_id() from pool_groups on conflict do nothing)
select organization_id, id as group_id from pool_groups;
