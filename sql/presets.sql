-- insertPreset :one
-- nullable params: desiredInstances, invalidateAfterSecs, schedulingTimezone
insert into daybreak.template_version_presets (template_version_id, name, preset_key, description, icon, is_default,
  desired_instances, invalidate_after_secs, scheduling_timezone)
values (:versionId, :name, :presetKey, :description, :icon, :isDefault, :desiredInstances, :invalidateAfterSecs,
    :schedulingTimezone)
returning id;

-- insertPresetParameters :exec
insert into daybreak.template_version_preset_parameters (preset_id, name, value)
select :presetId, p.key, p.value from jsonb_each_text(:parameters::jsonb) as p;

-- insertPresetSchedules :exec
insert into daybreak.template_version_preset_prebuild_schedules (preset_id, cron_expression, desired_instances)
select :presetId, s.cron, s.instances from jsonb_to_recordset(:schedules::jsonb) as s (cron text, instances integer);

-- listPresetsOfVersion :many
-- not null: parameters
select p.id, p.name, p.preset_key, p.description, p.icon, p.is_default, p.desired_instances,
  (select coalesce(jsonb_agg(jsonb_build_object('name', x.name, 'value', x.value) order by x.name), '[]')
    from daybreak.template_version_preset_parameters x where x.preset_id = p.id) as parameters
from daybreak.template_version_presets p
where p.template_version_id = :versionId
order by p.id
limit :limit;

-- listPoolPresetIds :many
-- Presets of one version that ask for a pool.
select id from daybreak.template_version_presets where template_version_id = :versionId and desired_instances
    is not null;

-- findCreateTarget :maybe prepared
-- All that a request for a workspace must know, with the database's time: the version (or the template's active one),
-- its template, the preset, whether the actor belongs there, and whether the owner has the name already.
-- nullable params: versionId, templateId, presetId
-- not null: template_id, organization_id, provisioner, active_version_id, template_name, deprecated, version_id
-- not null: version_name, imported
-- not null: is_member, name_taken, now
select t.id as template_id, t.organization_id, t.provisioner, t.active_version_id, t.name as template_name,
    t.deprecated,
  v.id as version_id, v.name as version_name, v.manifest is not null as imported,
  exists (select from daybreak.organization_members m where m.user_id = :actorId
      and m.organization_id = t.organization_id) as is_member,
  exists (select from daybreak.workspaces w where w.owner_id = :ownerId and lower(w.name) = lower(:name)
      and w.deleted_at is null) as name_taken,
  p.id as preset_id, p.name as preset_name, p.preset_key, p.template_version_id as preset_version_id,
      p.desired_instances,
  p.invalidate_after_secs, p.last_invalidated_at,
  (select jsonb_object_agg(x.name, x.value) from daybreak.template_version_preset_parameters x where x.preset_id = p.id)
      as preset_parameters,
  clock_timestamp() as now,
  (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.user_id is not null) as user_acl,
  (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.group_id is not null) as group_acl
from daybreak.template_versions v
join daybreak.templates t on t.id = v.template_id
left join daybreak.template_version_presets p on p.id = :presetId::uuid
where t.deleted_at is null
  and v.id = coalesce(:versionId::uuid, (select x.active_version_id from daybreak.templates x
      where x.id = :templateId::uuid));

-- invalidatePresets :many
-- not null: preset_id, preset_name, version_name, template_name
update daybreak.template_version_presets p set last_invalidated_at = clock_timestamp()
from daybreak.template_versions v, daybreak.templates t
where v.id = p.template_version_id and t.id = v.template_id and t.active_version_id = v.id and t.id = :templateId
  and p.desired_instances is not null
returning p.id as preset_id, p.name as preset_name, v.name as version_name, t.name as template_name;

-- setPresetStatus :exec
update daybreak.template_version_presets set prebuild_status = :status where id = :id and prebuild_status <> :status;

-- listSweepPresets :many
-- Every preset that has or should have prebuilds: the safety net's list, in pages.
select p.id
from daybreak.template_version_presets p
where p.id > :after and (exists (select from daybreak.prebuild_pool x where x.preset_id = p.id)
  or p.desired_instances is not null and exists (select from daybreak.templates t
    where t.active_version_id = p.template_version_id and t.deleted_at is null))
order by p.id
limit :limit;
