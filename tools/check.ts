// Everything that must hold before a change is merged: `npm run check`. `--no-tests` leaves the tests out.
import { spawn } from 'node:child_process'
import path from 'node:path'

const PROJECT = path.resolve(import.meta.dirname, '..')
const BIN = path.join(PROJECT, 'node_modules', '.bin')
const COLOURS = process.stdout.isTTY ? '--colors=force' : '--colors=off'
/** As shells report an end by SIGINT. */
const INTERRUPTED = 130

type Step = { name: string; command: string; args: readonly string[] }

/** The quickest answers first. */
const STEPS: readonly Step[] = [
  { name: 'format', command: 'biome', args: ['ci', '--reporter=summary', COLOURS, '.'] },
  { name: 'lint', command: 'oxlint', args: [] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'generated queries', command: 'node', args: ['tools/generateSql.ts', '--check'] },
  { name: 'generated documents', command: 'node', args: ['tools/generateDocs.ts', '--check'] },
]
const TESTS: Step = { name: 'tests', command: 'ava', args: [] }

async function check(steps: readonly Step[]): Promise<number> {
  const startedMs = performance.now()
  for (const step of steps) {
    const stepMs = performance.now()
    console.log(`check: ${step.name} …`)
    const problem = await run(step)
    if (problem !== undefined) {
      console.error(`check: ${step.name} ${problem} after ${seconds(stepMs)}; ${seconds(startedMs)} in all`)
      return interrupted ? INTERRUPTED : 1
    }
    console.log(`check: ${step.name} passed in ${seconds(stepMs)}`)
  }
  console.log(`check: all ${steps.length} passed in ${seconds(startedMs)}`)
  return 0
}

/** What went wrong; undefined when nothing did. */
async function run({ command, args }: Step): Promise<string | undefined> {
  if (interrupted) return 'was not started'
  const env = { ...process.env, PATH: `${BIN}${path.delimiter}${process.env['PATH'] ?? ''}` }
  const child = spawn(command, args, { cwd: PROJECT, stdio: 'inherit', env })
  stopChild = (signal) => void child.kill(signal)
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve(`could not start: ${error.message}`))
    child.on('exit', (code, signal) => resolve(code === 0 ? undefined : `failed with ${signal ?? `exit code ${code}`}`))
  })
}

let interrupted = false
let stopChild: (signal: NodeJS.Signals) => void = () => {}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted = true
    // A terminal has told the child already, which takes a second SIGINT for impatience.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) stopChild(signal)
  })
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`
}

const unknown = process.argv.slice(2).filter((argument) => argument !== '--no-tests')
if (unknown.length > 0) {
  console.error(`check: unknown ${unknown.join(' ')}; it takes only --no-tests`)
  process.exitCode = 2
} else {
  process.exitCode = await check(process.argv.includes('--no-tests') ? STEPS : [...STEPS, TESTS])
}
