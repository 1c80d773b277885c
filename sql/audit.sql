-- insertAudit :exec
-- nullable params: actorId, organizationId, address
insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
  request_id, address, user_agent)
values (:actorId, :organizationId, :action, :targetType, :targetId, :targetName, :before, :after, :requestId,
  :address::text::inet, :userAgent);

-- listAuditLogs :many
-- Newest first, by id. Ids carry their time, so that `fromId` and `toId` spare reading the rest of the log. A null
-- filter lets all pass. Those in `organizationIds` (null: all, and what belongs to no organization). Names of people
-- and organizations are those of now, deleted ones included.
-- nullable params: actorId, action, targetType, targetId, targetName, organizationId, organizationName, organizationIds
-- nullable params: requestId, from, fromId, to, toId, afterId
-- not null: id, at, action, target_type, target_id, target_name, before, after, request_id, user_agent
select l.id, l.at, l.actor_id, u.username as actor_name, l.organization_id, o.name as organization_name, l.action,
  l.target_type, l.target_id, l.target_name, l.before, l.after, l.request_id, host(l.address) as address, l.user_agent
from daybreak.audit_log l
left join daybreak.users u on u.id = l.actor_id
left join daybreak.organizations o on o.id = l.organization_id
where (:actorId::uuid is null or l.actor_id = :actorId::uuid)
  and (:action::text is null or l.action = :action::text)
  and (:targetType::text is null or l.target_type = :targetType::text)
  and (:targetId::text is null or l.target_id = :targetId::text)
  and (:targetName::text is null or lower(l.target_name) = lower(:targetName::text))
  and (:organizationId::uuid is null or l.organization_id = :organizationId::uuid)
  and (:organizationName::text is null or l.organization_id in (
    select n.id from daybreak.organizations n where lower(n.name) = lower(:organizationName::text)))
  and (:organizationIds::uuid[] is null or l.organization_id = any(:organizationIds::uuid[]))
  and (:requestId::text is null or l.request_id = :requestId::text)
  and (:from::timestamptz is null or (l.at >= :from::timestamptz and l.id >= :fromId::uuid))
  and (:to::timestamptz is null or (l.at < :to::timestamptz and l.id < :toId::uuid))
  and (:afterId::uuid is null or l.id < :afterId::uuid)
order by l.id desc
limit :limit offset :offset;

-- countAuditLogs :one
-- Counts no further than `limit`.
-- nullable params: actorId, action, targetType, targetId, targetName, organizationId, organizationName, organizationIds
-- nullable params: requestId, from, fromId, to, toId
-- not null: count
select count(*)::integer as count from (
  select from daybreak.audit_log l
  where (:actorId::uuid is null or l.actor_id = :actorId::uuid)
    and (:action::text is null or l.action = :action::text)
    and (:targetType::text is null or l.target_type = :targetType::text)
    and (:targetId::text is null or l.target_id = :targetId::text)
    and (:targetName::text is null or lower(l.target_name) = lower(:targetName::text))
    and (:organizationId::uuid is null or l.organization_id = :organizationId::uuid)
    and (:organizationName::text is null or l.organization_id in (
      select n.id from daybreak.organizations n where lower(n.name) = lower(:organizationName::text)))
    and (:organizationIds::uuid[] is null or l.organization_id = any(:organizationIds::uuid[]))
    and (:requestId::text is null or l.request_id = :requestId::text)
    and (:from::timestamptz is null or (l.at >= :from::timestamptz and l.id >= :fromId::uuid))
    and (:to::timestamptz is null or (l.at < :to::timestamptz and l.id < :toId::uuid))
  limit :limit) as any_row;
