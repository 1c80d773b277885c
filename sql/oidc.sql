-- findUserByEmail :maybe
-- Held until the sign-in is written.
select id, username, status, login_type, roles
from daybreak.users
where deleted_at is null and lower(email) = lower(:email)
for no key update;

-- listTakenUsernames :many
-- Of the given names, in small letters.
-- not null: username
select lower(username) as username
from daybreak.users
where deleted_at is null and lower(username) = any(:usernames::text[])
limit :limit;

-- listOidcGroups :many
-- Those of an organization that providers fill: the named ones, and those that the user is in.
-- not null: id, name, member
select g.id, g.name, m.user_id is not null as member
from daybreak.groups g
left join daybreak.group_members m on m.group_id = g.id and m.user_id = :userId
where g.organization_id = :organizationId and g.source = 'oidc'
  and (m.user_id is not null or lower(g.name) = any(:names::text[]))
order by g.name
limit :limit;

-- insertOidcGroup :maybe
-- Null: there is one of that name, which people fill, or which has just been made.
insert into daybreak.groups (organization_id, name, source) values (:organizationId, :name, 'oidc')
on conflict do nothing
returning id, name;

-- joinOidcGroups :exec
insert into daybreak.group_members (group_id, user_id) select unnest(:groupIds::uuid[]), :userId
on conflict do nothing;

-- leaveOidcGroups :exec
delete from daybreak.group_members where user_id = :userId and group_id = any(:groupIds::uuid[]);
