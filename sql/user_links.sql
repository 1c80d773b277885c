-- findLinkedUser :maybe
-- Also one who was removed. Held until the sign-in is written: a suspension that comes meanwhile waits.
-- not null: removed
select u.id, u.username, u.status, u.login_type, u.roles, u.deleted_at is not null as removed
from daybreak.user_links l
join daybreak.users u on u.id = l.user_id
where l.login_type = 'oidc' and l.linked_id = :linkedId and :linkedId::text <> ''
for no key update of u;

-- findUserLink :maybe
select linked_id, claims, claims_updated_at from daybreak.user_links where user_id = :userId and login_type = 'oidc';

-- saveUserLink :maybe
-- Null: the user is linked to another identity.
insert into daybreak.user_links as l (user_id, login_type, linked_id, claims, claims_updated_at)
values (:userId, 'oidc', :linkedId, :claims::jsonb, clock_timestamp())
on conflict (user_id, login_type) do update
set linked_id = excluded.linked_id, claims = excluded.claims, claims_updated_at = excluded.claims_updated_at,
  updated_at = clock_timestamp()
where l.linked_id in ('', excluded.linked_id)
returning user_id;

-- listClaimFields :many
-- The names of all claims that providers have sent about people.
-- not null: field
select distinct field
from daybreak.user_links l
join daybreak.users u on u.id = l.user_id
cross join jsonb_object_keys(case jsonb_typeof(l.claims -> 'merged_claims')
  when 'object' then l.claims -> 'merged_claims' else '{}' end) as field
where l.login_type = 'oidc' and u.deleted_at is null
order by field
limit :limit;

-- listClaimValues :many
-- Texts, and the texts of lists; other values are nothing that could be mapped.
-- not null: value
select distinct part #>> '{}' as value
from daybreak.user_links l
join daybreak.users u on u.id = l.user_id
cross join lateral (select l.claims -> 'merged_claims' -> :field as claim) as claims
cross join jsonb_array_elements(case jsonb_typeof(claim)
  when 'array' then claim when 'string' then jsonb_build_array(claim) else '[]' end) as part
where l.login_type = 'oidc' and u.deleted_at is null and jsonb_typeof(part) = 'string'
order by value
limit :limit;
