// What follows a claim's commit. PostgreSQL commits notifications one after the other, so claims that end while one
// announcement is under way share the next one. A crash in between loses nothing: the alarm finds untold agents and
// wakes.
import { announceClaims } from '../../sql/claims.sql.ts'
import type { Context } from '../context.ts'
import { reconcileRequest } from '../jobs/pokes.ts'

export type Announcements = {
  add(claim: { workspaceId: string; presetId: string }): void
  close(): Promise<void>
}

export function collectAnnouncements(context: Context): Announcements {
  let waiting: { workspaceId: string; presetId: string }[] = []
  let announcing: Promise<void> | undefined

  const announce = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await announceClaims(context.db, {
        workspaceIds: batch.map(({ workspaceId }) => workspaceId),
        presetIds: [...new Set(batch.map(({ presetId }) => presetId))].toSorted(),
        task: reconcileRequest.name,
        maxAttempts: reconcileRequest.maxAttempts,
      })
    }
  }
  const start = (): void => {
    announcing ??= announce()
      .catch((error: unknown) => {
        context.log.warn({ err: error }, 'claims could not be announced; the alarm does it within a second')
      })
      .finally(() => {
        announcing = undefined
        if (waiting.length > 0) start()
      })
  }
  return {
    add(claim) {
      waiting.push(claim)
      start()
    },
    async close() {
      for (let last = announcing; last; last = announcing) await last
    },
  }
}
