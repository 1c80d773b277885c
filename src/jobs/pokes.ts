// Asking for work by the name of its task: those who ask need not import what runs.
import type { Db } from '../../sql/database.ts'
import { enqueueJob } from '../../sql/jobs.sql.ts'

/** Failures of a poke are the database's; the next cause or the alarm's poll asks again anyway. */
export const POKE_ATTEMPTS = 5

export const RECONCILE_TASK = 'reconcilePreset'
export const provisionTask = (provisioner: string, host: string | null): string =>
  host === null ? `provision:${provisioner}` : `provision:${provisioner}@${host}`

/** One waiting job a preset, however often it is asked for. */
export async function nudgePreset(db: Db, presetId: string): Promise<void> {
  await enqueueJob(db, {
    task: RECONCILE_TASK,
    payload: { presetId },
    jobKey: `preset:${presetId}`,
    runAt: null,
    maxAttempts: POKE_ATTEMPTS,
    priority: null,
  })
}

/** Under a key of its own, or a timer could swallow a nudge. */
export async function setPresetTimer(db: Db, { presetId, at }: { presetId: string; at: Date }): Promise<void> {
  await enqueueJob(db, {
    task: RECONCILE_TASK,
    payload: { presetId },
    jobKey: `preset-timer:${presetId}`,
    runAt: at,
    maxAttempts: POKE_ATTEMPTS,
    priority: null,
  })
}

/** Tells the provisioners of a driver, or of one host, that a job may be waiting for them. */
export async function pokeProvisioner(db: Db, task: string): Promise<void> {
  await enqueueJob(db, { task, payload: {}, jobKey: task, runAt: null, maxAttempts: POKE_ATTEMPTS, priority: null })
}
