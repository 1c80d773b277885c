// graphile-worker 0.18 does not await the statement that completes a job: when that fails, Node sees a rejection that
// nobody handles, and the row stays locked. The pool whose connection failed is known here, and is replaced.
import type { Logger } from 'pino'
import type { WorkerPool } from '../../sql/database.ts'

const owners = new WeakMap<Error, (error: Error) => void>()

/** Says who answers for errors of this pool's statements and connections that nobody awaits. */
export function answerForPool(pool: WorkerPool, onError: (error: Error) => void): void {
  const remember = (error: unknown): void => {
    if (error instanceof Error) owners.set(error, onError)
  }
  const remembering = <Call extends (...args: never[]) => unknown>(call: Call): Call =>
    ((...args: never[]) => {
      const result = call(...args)
      if (result instanceof Promise) result.catch(remember)
      return result
    }) as Call
  pool.connect = remembering(pool.connect.bind(pool))
  pool.on('connect', (client) => {
    client.query = remembering(client.query.bind(client))
  })
}

/** Hands known rejections to their pool; any other is a bug, after which the process is not to be trusted. */
export function installRejectionHandler(log: Logger, onFatal: (error: unknown) => void): () => void {
  const handler = (reason: unknown): void => {
    const owner = reason instanceof Error ? owners.get(reason) : undefined
    if (owner) {
      owner(reason as Error)
      return
    }
    log.fatal({ err: reason }, 'a promise was rejected and nobody was waiting for it')
    onFatal(reason)
  }
  process.on('unhandledRejection', handler)
  return () => process.off('unhandledRejection', handler)
}
