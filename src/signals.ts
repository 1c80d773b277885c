const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** npm and `timeout` pass on what the whole process group received already: that is one wish, not two. */
const SAME_WISH_MS = 1_000
/** As shells report an end by SIGINT. */
const INTERRUPTED = 130

/** The first signal asks to stop and is returned; a later one ends the process at once. */
export async function untilSignal(): Promise<string> {
  return await new Promise((resolve) => {
    let askedMs: number | undefined
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (askedMs !== undefined && performance.now() - askedMs > SAME_WISH_MS) process.exit(INTERRUPTED)
        askedMs ??= performance.now()
        resolve(signal)
      })
    }
  })
}
