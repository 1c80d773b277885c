-- insertScopedKey :one
insert into daybreak.api_keys (id, hashed_secret, user_id, login_type, token_name, scopes, allow_list,
  lifetime_seconds, expires_at)
values (:id, :hashedSecret, :userId, :loginType, :tokenName, :scopes, :allowList, :lifetimeSeconds::integer,
  clock_timestamp() + make_interval(secs => :lifetimeSeconds::integer))
returning expires_at;

-- listTokens :many
-- Newest first; those that have expired only on request.
select id, user_id, login_type, token_name, scopes, allow_list, lifetime_seconds, created_at, updated_at, expires_at,
  last_used_at
from daybreak.api_keys
where user_id = :userId and login_type = 'token' and (:includeExpired::boolean or expires_at > clock_timestamp())
order by created_at desc, id
limit :limit;

-- findKey :maybe
select id, user_id, login_type, token_name, scopes, allow_list, lifetime_seconds, created_at, updated_at, expires_at,
  last_used_at
from daybreak.api_keys
where id = :id and user_id = :userId;

-- deleteTokenNamed :exec
-- A name is free again once its token has expired.
delete from daybreak.api_keys
where user_id = :userId and login_type = 'token' and lower(token_name) = lower(:tokenName)
  and expires_at <= clock_timestamp();

-- replaceToken :exec
delete from daybreak.api_keys
where user_id = :userId and login_type = 'token' and lower(token_name) = lower(:tokenName);

-- deleteSessions :exec
-- All that somebody signed in for, but the one that asks for it; tokens are ended one by one.
-- nullable params: exceptId
delete from daybreak.api_keys
where user_id = :userId and login_type <> 'token' and id is distinct from :exceptId::text;

-- deleteExpiredKeys :exec
delete from daybreak.api_keys where id in (
  select id from daybreak.api_keys where expires_at < clock_timestamp() - make_interval(secs => :graceSeconds)
  limit :limit for update skip locked);

-- deleteExpiredLinks :exec
delete from daybreak.sign_in_links where token_hash in (
  select token_hash from daybreak.sign_in_links where expires_at < clock_timestamp() limit :limit
  for update skip locked);
