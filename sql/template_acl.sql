-- grantTemplate :exec
insert into daybreak.template_acl (template_id, group_id, actions) values (:templateId, :groupId, :actions);

-- setTemplateGrant :exec
-- To one user or to one group.
-- nullable params: userId, groupId
insert into daybreak.template_acl (template_id, user_id, group_id, actions)
values (:templateId, :userId, :groupId, :actions)
on conflict (template_id, user_id, group_id) do update set actions = excluded.actions;

-- removeTemplateGrants :exec
delete from daybreak.template_acl
where template_id = :templateId and (user_id = any(:userIds::uuid[]) or group_id = any(:groupIds::uuid[]));

-- listUsersOfIds :many
-- Whom people see, by name.
select id, username, email, name, status, login_type, roles, is_system, created_at, updated_at, last_seen_at,
  array(select m.organization_id from daybreak.organization_members m
    join daybreak.organizations o on o.id = m.organization_id
    where m.user_id = u.id and o.deleted_at is null) as organization_ids
from daybreak.users u
where id = any(:ids::uuid[]) and deleted_at is null and not is_system
order by lower(username), id
limit :limit;

-- listGrantableUsers :many
-- Members of the organization whose name or e-mail contains the text.
select u.id, u.username, u.email, u.name, u.status, u.login_type, u.created_at, u.updated_at, u.last_seen_at
from daybreak.organization_members m
join daybreak.users u on u.id = m.user_id
where m.organization_id = :organizationId and u.deleted_at is null and not u.is_system
  and strpos(lower(u.username || ' ' || u.email), lower(:text)) > 0
order by lower(u.username), u.id
limit :limit;
