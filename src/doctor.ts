// `daybreak doctor`: what an operator would check by hand, and what to do about what is wrong.
import { styleText } from 'node:util'
import { Command } from 'commander'
import { type Config, readConfig } from './config.ts'
import { checkDatabase } from './doctor/database.ts'
import { failed, type Finding, ok, overall, type Status } from './doctor/finding.ts'
import { checkDriver, checkHome, checkNode, checkSecretKey } from './doctor/machine.ts'
import { findPlace } from './doctor/place.ts'
import { Refusal } from './domain/errors.ts'
import { resolveHome } from './home.ts'
import { parseServerArguments } from './serverArguments.ts'
import { VERSION } from './version.ts'

const EXIT_CODES: Record<Status, number> = { ok: 0, warning: 1, failed: 2 }
const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red' } as const
const STATUS_WIDTH = 'warning'.length
const CHECK_WIDTH = 'prepared statements'.length

export async function doctor(argv: string[]): Promise<number> {
  const command = new Command('daybreak doctor')
    .description('Check settings, database, clocks, time zones, disk and workers. Changes nothing.')
    .option('--json', 'one JSON value instead of text')
    .addHelpText(
      'after',
      '\nExit codes: 0 all is well, 1 warnings, 2 something failed.\n\nExample:\n  daybreak doctor --json',
    )
  if (!parseServerArguments(command, argv)) return 0
  const findings = await examine()
  const status = overall(findings)
  const { json } = command.opts<{ json?: boolean }>()
  process.stdout.write(
    json ? `${JSON.stringify({ version: VERSION, status, checks: findings })}\n` : describe(findings),
  )
  return EXIT_CODES[status]
}

async function examine(): Promise<Finding[]> {
  const node = checkNode(process.version)
  const settings = readSettings()
  if ('status' in settings) return [node, settings]
  const home = resolveHome(settings)
  const place = findPlace(settings, home)
  const findings = [
    node,
    ok('settings', `listens on ${settings.listen.host}:${settings.listen.port}, reached at ${settings.accessUrl}`),
    checkHome(home),
    checkDriver(settings),
    checkSecretKey(settings, home),
    place.finding,
  ]
  for (const [i, database] of place.urls.entries()) {
    const about = await checkDatabase(database, settings)
    // The second address leads to the same server: that it answers is all there is to know.
    findings.push(...(i === 0 ? about : about.slice(0, 1)))
  }
  return findings
}

function readSettings(): Config | Finding {
  try {
    return readConfig()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return failed('settings', error.message, error.detail ?? '')
  }
}

function describe(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, status, message, hint }) => {
    const word = styleText(COLOURS[status], status.padEnd(STATUS_WIDTH), { stream: process.stdout })
    const said = `${word}  ${check.padEnd(CHECK_WIDTH)}  ${message}`
    return hint === undefined ? [said] : [said, `${' '.repeat(STATUS_WIDTH + CHECK_WIDTH + 4)}${hint}`]
  })
  const count = (wanted: Status): number => findings.filter(({ status }) => status === wanted).length
  const sum = `${count('ok')} ok, ${count('warning')} warnings, ${count('failed')} failed`
  return `${[...lines, '', sum].join('\n')}\n`
}
