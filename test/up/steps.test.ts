import { Writable } from 'node:stream'
import test from 'ava'
import type { ListFeedStatesRow } from '../../sql/feed.sql.ts'
import { createTerminal } from '../../src/up/terminal.ts'
import { trackSteps } from '../../src/up/steps.ts'

const NOW = new Date('2026-11-02T10:00:00Z')

const state = (changes: Partial<ListFeedStatesRow> = {}): ListFeedStatesRow => ({
  id: 'a',
  name: 'prebuild-abcdefghij',
  ownerName: 'prebuilds',
  claimedAt: null,
  deletedAt: null,
  presetName: 'warm',
  poolState: 'ready',
  buildNumber: 1,
  transition: 'start',
  jobStatus: 'succeeded',
  error: '',
  lifecycleState: 'ready',
  firstConnectedAt: NOW,
  disconnectedAt: null,
  reinitGeneration: 0,
  acknowledgedGeneration: 0,
  ...changes,
})

const CLAIMED = state({ name: 'mine', ownerName: 'ana', claimedAt: NOW, buildNumber: 2 })

test('a claim is said, with what it was, and its owner hears ready again', (t) => {
  const steps = trackSteps()
  const see = (row: ListFeedStatesRow) => [...steps.note([row]), ...steps.taken([row])].map(({ text }) => text)
  t.deepEqual(see(state({ jobStatus: 'pending' })), ['ordered'])
  t.deepEqual(see(state()), ['ready'])
  t.deepEqual(see(state()), [])
  t.deepEqual(see(CLAIMED), ['claimed by ana, was prebuild-abcdef', 'ready'])
  t.deepEqual(see(CLAIMED), [])
  t.deepEqual(see({ ...CLAIMED, buildNumber: 3 }), ['ready'])
})

test('what was claimed before anybody looked on is not news', (t) => {
  const [line, ...more] = trackSteps().note([CLAIMED])
  t.deepEqual([line, more], [undefined, []])
})

test('what happens lines up under who it happens to', (t) => {
  const lines: string[] = []
  const out = new Writable({ decodeStrings: false, write: (line, _encoding, done) => done(void lines.push(line)) })
  const { step } = createTerminal(out as NodeJS.WriteStream)
  for (const preset of ['us-nix', 'always-warm']) {
    step({ at: NOW, preset, workspace: 'prebuild-abcdef', level: 'info', text: 'ready' })
  }
  const columns = lines.map((line) => line.indexOf('ready'))
  t.is(columns[0], columns[1])
  t.not(columns[0], -1)
})
