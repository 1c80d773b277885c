-- insertWorkspace :one
-- nullable params: id
insert into daybreak.workspaces (id, owner_id, organization_id, template_id, name, born_as_prebuild)
values (coalesce(:id::uuid, uuidv7()), :ownerId, :organizationId, :templateId, :name, :bornAsPrebuild)
returning id;

-- lockWorkspace :maybe
-- not null: build_number, build_transition, job_status
select w.id, w.owner_id, w.organization_id, w.template_id, w.name, w.host, w.deleted_at, b.id as build_id,
    b.build_number,
  b.transition as build_transition, b.template_version_id, b.preset_id, j.job_status, j.id as job_id, t.provisioner
from daybreak.workspaces w
join daybreak.workspace_builds b on b.id = w.latest_build_id
join daybreak.provisioner_jobs j on j.id = b.job_id
join daybreak.templates t on t.id = w.template_id
where w.id = :id
for no key update of w;

-- findWorkspaceIdByName :maybe
select id from daybreak.workspaces where owner_id = :ownerId and lower(name) = lower(:name) and deleted_at is null;

-- listWorkspaceIds :many
-- Newest first. A null filter lets all pass; of other people's, those in `organizationIds` (null: in all). Without an
-- owner the prebuilds are left out.
-- nullable params: ownerId, organizationIds, templateName, name
select w.id
from daybreak.workspaces w
where w.deleted_at is null
  and case when :ownerId::uuid is null then w.owner_id <> daybreak.system_user_id()
    else w.owner_id = :ownerId::uuid end
  and (w.owner_id = :readerId::uuid or :organizationIds::uuid[] is null
    or w.organization_id = any(:organizationIds::uuid[]))
  and (:name::text is null or lower(w.name) like '%' || lower(:name::text) || '%')
  and (:templateName::text is null
    or w.template_id in (select t.id from daybreak.templates t where lower(t.name) = lower(:templateName::text)))
order by w.created_at desc, w.id
limit :limit offset :offset;

-- countWorkspaces :one
-- nullable params: ownerId, organizationIds, templateName, name
-- not null: workspaces
select count(*)::integer as workspaces
from daybreak.workspaces w
where w.deleted_at is null
  and case when :ownerId::uuid is null then w.owner_id <> daybreak.system_user_id()
    else w.owner_id = :ownerId::uuid end
  and (w.owner_id = :readerId::uuid or :organizationIds::uuid[] is null
    or w.organization_id = any(:organizationIds::uuid[]))
  and (:name::text is null or lower(w.name) like '%' || lower(:name::text) || '%')
  and (:templateName::text is null
    or w.template_id in (select t.id from daybreak.templates t where lower(t.name) = lower(:templateName::text)));

-- findWorkspace :maybe prepared
-- Whose it is, deleted or not.
-- not null: template_active_version_id
select w.id, w.owner_id, w.organization_id, w.deleted_at, t.active_version_id as template_active_version_id
from daybreak.workspaces w join daybreak.templates t on t.id = w.template_id
where w.id = :id;

-- setWorkspaceHost :exec
update daybreak.workspaces set host = :host, updated_at = clock_timestamp() where id = :id and host is distinct
    from :host;

-- markWorkspaceDeleted :exec
update daybreak.workspaces set deleted_at = clock_timestamp(), updated_at = clock_timestamp() where id = :id
    and deleted_at is null;

-- notifyWorkspace :exec
-- Wakes the watchers of a workspace, wherever they are connected.
select pg_notify('daybreak_workspace', :id::text);
