// Asking for work without loading what does it: jobs ask for each other, and for themselves.
import { z } from 'zod'
import type { Db } from '../../sql/database.ts'
import { enqueue } from './enqueue.ts'
import type { JobRequest } from './task.ts'

/** Failures of a poke are the database's; the next cause or the alarm's poll asks again anyway. */
export const POKE_ATTEMPTS = 5

/** One waiting job a preset, however often it is asked for. */
export const reconcileRequest = {
  name: 'reconcilePreset',
  payload: z.object({ presetId: z.guid() }),
  key: ({ presetId }) => `preset:${presetId}`,
  maxAttempts: POKE_ATTEMPTS,
} satisfies JobRequest<{ presetId: string }>

/** Carries nothing: what there is to do stands in `provisioner_jobs`. */
export const provisionRequest = {
  name: 'provision',
  payload: z.object({}),
  maxAttempts: POKE_ATTEMPTS,
} satisfies JobRequest<Record<string, never>>

/** The task that takes jobs of a driver anywhere, or on the one host where a workspace lives. */
export const provisionTask = (provisioner: string, host: string | null): string =>
  host === null ? `provision:${provisioner}` : `provision:${provisioner}@${host}`

export async function nudgePreset(db: Db, presetId: string): Promise<void> {
  await enqueue(db, reconcileRequest, { presetId })
}

/** Under a key of its own, or a timer could swallow a nudge. */
export async function setPresetTimer(db: Db, { presetId, at }: { presetId: string; at: Date }): Promise<void> {
  await enqueue(db, reconcileRequest, { presetId }, { key: `preset-timer:${presetId}`, runAt: at })
}

/** Tells the provisioners of a driver, or of one host, that a job may be waiting for them. */
export async function pokeProvisioner(db: Db, task: string): Promise<void> {
  await enqueue(db, provisionRequest, {}, { as: task, key: task })
}
