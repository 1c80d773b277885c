// Generated from dashboard.sql by `npm run sql`; edit that file instead.
import { type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { array, prepared } from './values.ts'

const readPlacesRow = z.object({ id: z.guid(), claimedAt: z.date().nullable(), poolState: z.string().nullable(), presetName: z.string().nullable(), failure: z.string().nullable() })
export type ReadPlacesRow = z.infer<typeof readPlacesRow>

/** What the page says of workspaces beyond their wire shape: how they came to be, and their place in the pool. Why a prebuild failed was written just after its row was marked. */
export async function readPlaces(db: CommonQueryMethods, params: { ids: readonly string[] }): Promise<readonly ReadPlacesRow[]> {
  return await db.any(prepared('readPlaces', readPlacesRow)`
    select w.id, w.claimed_at, p.state as pool_state, preset.name as preset_name,
      case when p.state = 'failed' then (select e.detail from daybreak.prebuild_events e
        where e.preset_id = p.preset_id and e.kind = any('{build_failed,start_failed,boot_timeout,lost}'::text[])
          and e.workspace_id = w.id and e.at >= p.failed_at
        order by e.at desc limit 1) end as failure
    from daybreak.workspaces w
    join daybreak.workspace_builds b on b.id = w.latest_build_id
    left join daybreak.prebuild_pool p on p.workspace_id = w.id
    left join daybreak.template_version_presets preset on preset.id = b.preset_id
    where w.id = any(${array(params.ids, 'uuid')})`)
}
