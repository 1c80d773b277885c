// What one person sees on the page: the same rows that the API would show them.
import { readPlaces, type ReadPlacesRow } from '../../sql/dashboard.sql.ts'
import type { Db } from '../../sql/database.ts'
import { readClock } from '../../sql/identity.sql.ts'
import { countWorkspaces, listWorkspaceIds } from '../../sql/workspaces.sql.ts'
import { readPools } from '../api/prebuilds.ts'
import { workspaceShapes } from '../api/wire/workspaces.ts'
import type { PrebuildPool } from '../contract/prebuilds.ts'
import type { Workspace } from '../contract/workspaces.ts'
import { type Actor, organizationsOfOthersWorkspaces } from '../api/access.ts'
import { SYSTEM_USER_ID } from '../systemUser.ts'

/** More than that nobody reads on one page; the command line lists and filters all. */
export const MAX_WORKSPACES = 200
export const MAX_PREBUILDS = 100

export type Place = Pick<ReadPlacesRow, 'claimedAt' | 'poolState' | 'presetName' | 'failure'>
export type Placed = { workspace: Workspace; place: Place }
/** `count` is of all, also of those beyond the bound. */
export type Listed = { items: readonly Placed[]; count: number }

export type View = {
  /** The database's time. */
  now: Date
  actor: Actor
  pools: readonly PrebuildPool[]
  workspaces: Listed
  /** Empty for those who may not read other people's workspaces. */
  prebuilds: Listed
}

export async function readView(db: Db, actor: Actor): Promise<View> {
  const { now } = await readClock(db)
  const organizationIds = organizationsOfOthersWorkspaces(actor)
  const everybody = organizationIds === null || organizationIds.length > 0
  const list = async (ownerId: string | null, limit: number): Promise<Listed> =>
    await listPlaced(db, { ownerId, organizationIds, readerId: actor.id, limit })
  return {
    now,
    actor,
    pools: await readPools(db, actor),
    workspaces: await list(null, MAX_WORKSPACES),
    prebuilds: everybody ? await list(SYSTEM_USER_ID, MAX_PREBUILDS) : { items: [], count: 0 },
  }
}

type Filter = {
  ownerId: string | null
  organizationIds: readonly string[] | null
  readerId: string
  limit: number
}

async function listPlaced(db: Db, { limit, ...owners }: Filter): Promise<Listed> {
  const filter = { ...owners, templateName: null, name: null }
  const rows = await listWorkspaceIds(db, { ...filter, limit, offset: 0 })
  const ids = rows.map(({ id }) => id)
  const places = new Map((await readPlaces(db, { ids })).map((place) => [place.id, place]))
  const items = (await workspaceShapes(db, ids)).flatMap((workspace) => {
    const place = places.get(workspace.id)
    return place ? [{ workspace, place }] : []
  })
  return { items, count: rows.length < limit ? rows.length : (await countWorkspaces(db, filter)).workspaces }
}
