// Clears away what nobody can sign in with any more; nothing waits for it, since an expired key is refused anyway.
import { z } from 'zod'
import { deleteExpiredKeys, deleteExpiredLinks } from '../../sql/api_keys.sql.ts'
import { defineJob } from './task.ts'

const BATCH = 1000
/** A week in which `include_expired` still shows what a program stopped working with. */
const GRACE_SECONDS = 7 * 24 * 60 * 60

export const expireTokens = defineJob({
  name: 'expireTokens',
  class: 'control',
  payload: z.object({}),
  maxAttempts: 1, // the next one comes in an hour
  every: '23 * * * *',
  async run(_payload, { db }, { signal }) {
    const all = async (remove: () => Promise<number>): Promise<number> => {
      let removed = 0
      for (let batch = BATCH; batch === BATCH && !signal.aborted; removed += batch) batch = await remove()
      return removed
    }
    return {
      keys: await all(() => deleteExpiredKeys(db, { graceSeconds: GRACE_SECONDS, limit: BATCH })),
      links: await all(() => deleteExpiredLinks(db, { limit: BATCH })),
    }
  },
})
