-- Whether a prebuild was ready before: one that is ready again after a loss is no new success.
create index prebuild_events_workspace on daybreak.prebuild_events (workspace_id, kind, at);
