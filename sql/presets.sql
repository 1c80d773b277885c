-- insertPreset :one
-- nullable params: desiredInstances, invalidateAfterSecs, schedulingTimezone
insert into daybreak.template_version_presets (template_version_id, name, preset_key, description, icon, is_default,
  desired_instances, invalidate_after_secs, scheduling_timezone)
values (:versionId, :name, :presetKey, :description, :icon, :isDefault, :desiredInstances, :invalidateAfterSecs, :schedulingTimezone)
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
select id from daybreak.template_version_presets where template_version_id = :versionId and desired_instances is not null;

-- findClaimTarget :maybe prepared
-- Everything that a claim of a preset needs to know, with the database's time.
-- not null: now, parameters
select p.id as preset_id, p.name as preset_name, p.preset_key, p.template_version_id, p.desired_instances, p.invalidate_after_secs,
  (select coalesce(jsonb_object_agg(x.name, x.value), '{}') from daybreak.template_version_preset_parameters x
    where x.preset_id = p.id) as parameters,
  p.last_invalidated_at, v.template_id, clock_timestamp() as now
from daybreak.template_version_presets p
join daybreak.template_versions v on v.id = p.template_version_id
where p.id = :presetId;

-- findPresetByName :maybe
-- By name or key within one version.
select id from daybreak.template_version_presets
where template_version_id = :versionId and (name = :name::text or preset_key = :name::text)
order by name = :name::text desc
limit 1;

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
