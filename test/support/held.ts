import type { Pool, Tx } from '../../sql/database.ts'

/** Runs `work` in a transaction that stays open until `release`, which commits it. */
export async function held<Value>(
  db: Pool,
  work: (tx: Tx) => Promise<Value>,
): Promise<{ value: Value; release(): Promise<void> }> {
  const done = Promise.withResolvers<void>()
  const began = Promise.withResolvers<Value>()
  const holding = db.transaction(async (tx) => {
    began.resolve(await work(tx))
    await done.promise
  })
  holding.catch(began.reject)
  const value = await began.promise
  return {
    value,
    async release() {
      done.resolve()
      await holding
    },
  }
}
