-- insertAudit :exec
-- nullable params: actorId, organizationId, address
insert into daybreak.audit_log (actor_id, organization_id, action, target_type, target_id, target_name, before, after,
  request_id, address, user_agent)
values (:actorId, :organizationId, :action, :targetType, :targetId, :targetName, :before, :after, :requestId,
  :address::text::inet, :userAgent);
