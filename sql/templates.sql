-- insertTemplate :one
insert into daybreak.templates (organization_id, name, display_name, description, icon, provisioner, active_version_id,
    created_by)
values (:organizationId, :name, :displayName, :description, :icon, :provisioner, :activeVersionId, :createdBy)
returning id;

-- findTemplate :maybe
-- By id, or by name within an organization.
-- nullable params: id, organizationId, name
-- not null: organization_name, organization_display_name, organization_icon, created_by_name
select t.id, t.organization_id, o.name as organization_name, o.display_name as organization_display_name, o.icon
    as organization_icon,
  t.name, t.display_name, t.description, t.icon, t.provisioner, t.active_version_id, t.require_active_version,
      t.deprecated,
  t.default_ttl_seconds, t.created_by, u.username as created_by_name, t.created_at, t.updated_at, t.deleted_at,
  (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.user_id is not null) as user_acl,
  (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.group_id is not null) as group_acl
from daybreak.templates t
join daybreak.organizations o on o.id = t.organization_id
join daybreak.users u on u.id = t.created_by
where case when :id::uuid is not null then t.id = :id::uuid
  else t.organization_id = :organizationId::uuid and lower(t.name) = lower(:name::text) and t.deleted_at is null end;

-- listTemplates :many
-- Live templates, by name; the caller leaves out those that its asker may not read.
-- nullable params: organizationId
-- not null: organization_name, organization_display_name, organization_icon, created_by_name
select t.id, t.organization_id, o.name as organization_name, o.display_name as organization_display_name, o.icon
    as organization_icon,
  t.name, t.display_name, t.description, t.icon, t.provisioner, t.active_version_id, t.require_active_version,
      t.deprecated,
  t.default_ttl_seconds, t.created_by, u.username as created_by_name, t.created_at, t.updated_at, t.deleted_at,
  (select jsonb_object_agg(x.user_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.user_id is not null) as user_acl,
  (select jsonb_object_agg(x.group_id, x.actions) from daybreak.template_acl x
    where x.template_id = t.id and x.group_id is not null) as group_acl
from daybreak.templates t
join daybreak.organizations o on o.id = t.organization_id
join daybreak.users u on u.id = t.created_by
where t.deleted_at is null
  and (:organizationId::uuid is null or t.organization_id = :organizationId::uuid)
order by lower(t.name), t.id
limit :limit;

-- lockTemplate :maybe
select id, active_version_id from daybreak.templates where id = :id and deleted_at is null for no key update;

-- setActiveVersion :exec
update daybreak.templates set active_version_id = :versionId, updated_at = clock_timestamp() where id = :id;

-- insertTemplateVersion :one
-- nullable params: templateId
insert into daybreak.template_versions (template_id, organization_id, name, message, job_id, created_by)
values (:templateId, :organizationId, :name, :message, :jobId, :createdBy)
returning id;

-- attachTemplateVersion :exec
-- Zero rows when the version already belongs to a template.
update daybreak.template_versions set template_id = :templateId, updated_at = clock_timestamp()
where id = :id and template_id is null and organization_id = :organizationId and archived_at is null;

-- findTemplateVersion :maybe
-- By id, or by name within a template.
-- nullable params: id, templateId, name
-- not null: created_by_name
select v.id, v.template_id, v.organization_id, v.name, v.message, v.readme, v.job_id, v.manifest, v.created_by,
  u.username as created_by_name, v.created_at, v.updated_at, v.archived_at
from daybreak.template_versions v
join daybreak.users u on u.id = v.created_by
where case when :id::uuid is not null then v.id = :id::uuid
  else v.template_id = :templateId::uuid and lower(v.name) = lower(:name::text) end;

-- findTemplateVersionByJob :maybe
select id, template_id, organization_id from daybreak.template_versions where job_id = :jobId;

-- listTemplateVersions :many
-- Oldest first, as clients of the wire format expect.
-- not null: created_by_name
select v.id, v.template_id, v.organization_id, v.name, v.message, v.readme, v.job_id, v.created_by,
  u.username as created_by_name, v.created_at, v.updated_at, v.archived_at
from daybreak.template_versions v
join daybreak.users u on u.id = v.created_by
where v.template_id = :templateId
order by v.created_at, v.id
limit :limit offset :offset;

-- storeManifest :exec
update daybreak.template_versions set manifest = :manifest, readme = :readme, updated_at = clock_timestamp()
    where id = :id;

-- insertVersionParameters :exec
insert into daybreak.template_version_parameters (template_version_id, name, position, definition)
select :versionId, p.definition ->> 'name', p.position, p.definition
from jsonb_array_elements(:parameters::jsonb) with ordinality as p (definition, position);

-- listClaimedVersionNames :many
-- Version names of a template that begin as `prefix` does.
select name from daybreak.template_versions where template_id = :templateId and starts_with(name, :prefix) limit :limit;

-- findManifest :maybe
-- What the import of a version found; it never changes afterwards.
select manifest from daybreak.template_versions where id = :id;

-- setTemplateSettings :exec
update daybreak.templates set name = :name, display_name = :displayName, description = :description, icon = :icon,
  deprecated = :deprecated, require_active_version = :requireActiveVersion, updated_at = clock_timestamp()
where id = :id;
