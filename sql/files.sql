-- insertFile :maybe
-- No row when the same person uploaded the same bytes before.
insert into daybreak.files (hash, mimetype, data, created_by) values (:hash, :mimetype, :data, :createdBy)
on conflict (hash, created_by) do nothing
returning id;

-- findFileByHash :maybe
select id from daybreak.files where hash = :hash and created_by = :createdBy;

-- findFile :maybe
select id, mimetype, data, created_by from daybreak.files where id = :id;
