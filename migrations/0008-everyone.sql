-- What the triggers and handlers of 0007 make for new rows, for those that were there before.

insert into daybreak.groups (id, organization_id, name)
select id, id, 'Everyone' from daybreak.organizations on conflict do nothing;

insert into daybreak.template_acl (template_id, group_id, actions)
select id, organization_id, '{read,use}' from daybreak.templates on conflict do nothing;
