-- A person's tokens are told apart by their names; those of before, which no endpoint made, may share one.

update daybreak.api_keys k
set token_name = k.token_name || '-' || k.id
where k.login_type = 'token' and k.token_name <> '' and exists (
  select from daybreak.api_keys newer
  where newer.user_id = k.user_id and newer.login_type = 'token' and lower(newer.token_name) = lower(k.token_name)
    and (newer.created_at, newer.id) > (k.created_at, k.id));

create unique index api_keys_token_name on daybreak.api_keys (user_id, lower(token_name))
  where login_type = 'token' and token_name <> '';
