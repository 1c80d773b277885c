import { setTimeout as sleep } from 'node:timers/promises'
import { listPrebuildPools, type PrebuildPool } from '../../contract/prebuilds.ts'
import type { Define } from '../commands.ts'
import type { Paint } from '../output.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { renderTable } from '../table.ts'
import { windowWords } from '../words.ts'

/** The API has no stream of pools; a person does not see the difference. */
const WATCH_MS = 1000
const CLEAR = '\u001B[H\u001B[2J'

export const listPrebuildsCommand: Define = (command, session) => {
  command
    .option('-w, --watch', 'keep showing it, until Ctrl-C')
    .action(({ watch }: { watch?: true }) => (watch ? watchPools(session) : printPools(session)))
  withExamples(command, ['daybreak prebuilds list', 'daybreak prebuilds list --watch'])
}

async function printPools({ output, connect }: Session): Promise<void> {
  const pools = await connect().client(listPrebuildPools, {})
  output.answer(pools, () => renderPools(pools, { paint: output.paint, now: new Date() }))
}

/** Draws on a terminal; elsewhere writes again whenever something changed. */
async function watchPools({ output, connect }: Session): Promise<never> {
  const { client } = connect()
  const draws = process.stdout.isTTY && !output.json
  let before = ''
  for (;;) {
    const pools = await client(listPrebuildPools, {})
    const now = JSON.stringify(pools)
    if (now !== before) {
      const text = (): string => renderPools(pools, { paint: output.paint, now: new Date() })
      output.answer(pools, () => (draws ? CLEAR + text() : text()))
    }
    before = now
    await sleep(WATCH_MS)
  }
}

export function renderPools(pools: readonly PrebuildPool[], { paint, now }: { paint: Paint; now: Date }): string {
  if (pools.length === 0) {
    return 'No pools yet. Give a preset `prebuilds: {instances: 2}` in daybreak.yaml, then: daybreak templates push DIR'
  }
  return renderTable(pools, {
    paint,
    columns: [
      { title: 'PRESET', cell: (pool) => `${pool.template_name}/${pool.preset_name}` },
      { title: 'WANTED', cell: (pool) => windowWords(pool, now) },
      {
        ...count('READY', ({ ready }) => ready),
        style: ({ ready, desired }) => (ready >= desired ? 'green' : 'yellow'),
      },
      count('STARTING', ({ starting }) => starting),
      { ...count('FAILED', ({ failed }) => failed), style: ({ failed }) => (failed > 0 ? 'red' : undefined) },
      { title: 'HOLD', cell: ({ hold }) => hold ?? '', style: () => 'yellow' },
    ],
  })
}

function count(title: string, read: (pool: PrebuildPool) => number) {
  return { title, align: 'right', cell: (pool: PrebuildPool) => String(read(pool)) } as const
}
