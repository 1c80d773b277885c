-- A build with all that its wire shape shows, its resources and live agents as JSON in the wire's words: one statement reads
-- any number of them. The workspace's own columns come along, so that its latest build is all that a workspace needs.
create view daybreak.wire_builds as
select b.id, b.created_at, b.updated_at, b.workspace_id, b.template_version_id, v.name as template_version_name, b.build_number,
  b.transition, b.reason, b.stage, b.initiator_id, i.username as initiator_name, b.job_id, b.preset_id, b.deadline, b.max_deadline,
  b.daily_cost,
  j.job_status, j.created_at as job_created_at, j.started_at, j.completed_at, j.canceled_at, j.error, j.error_code, j.worker_id, j.tags,
  j.type as job_type, j.logs_overflowed,
  w.name as workspace_name, w.owner_id as workspace_owner_id, o.username as workspace_owner_name, w.organization_id, w.template_id,
  w.created_at as workspace_created_at, w.updated_at as workspace_updated_at, w.deleted_at as workspace_deleted_at,
  w.autostart_schedule, w.ttl_seconds, w.next_start_at, w.last_used_at, w.dormant_at, w.deleting_at, w.automatic_updates, w.latest_build_id,
  n.name as organization_name, t.name as template_name, t.display_name as template_display_name, t.icon as template_icon,
  t.active_version_id as template_active_version_id, t.require_active_version as template_require_active_version,
  (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'created_at', r.created_at, 'job_id', r.job_id,
      'workspace_transition', r.transition, 'type', r.type, 'name', r.name, 'hide', r.hide, 'icon', r.icon, 'daily_cost', r.daily_cost)
      order by r.id), '[]')
    from daybreak.workspace_resources r where r.job_id = b.resources_job_id) as resources,
  (select coalesce(jsonb_agg(to_jsonb(a) - 'token_hash' - 'token_sealed' || jsonb_build_object(
      'overdue', a.created_at + make_interval(secs => a.connection_timeout_seconds) < clock_timestamp(),
      'scripts', (select coalesce(jsonb_agg(to_jsonb(s) order by s.position), '[]')
        from daybreak.workspace_agent_scripts s where s.agent_id = a.definition_id)) order by a.name), '[]')
    from daybreak.workspace_agents a where a.workspace_id = b.workspace_id and a.build_id = b.id and a.deleted_at is null) as agents
from daybreak.workspace_builds b
join daybreak.workspaces w on w.id = b.workspace_id
join daybreak.users o on o.id = w.owner_id
join daybreak.organizations n on n.id = w.organization_id
join daybreak.templates t on t.id = w.template_id
join daybreak.template_versions v on v.id = b.template_version_id
join daybreak.provisioner_jobs j on j.id = b.job_id
join daybreak.users i on i.id = b.initiator_id;
