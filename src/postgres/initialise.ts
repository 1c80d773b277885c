// Makes a data folder beside its place and renames it into it: a first start that is killed, or done by several
// processes at once, leaves either nothing or a whole folder with its password inside.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { diskFull, unavailable } from './failures.ts'
import { makeStaging } from './folders.ts'
import { canEnter, identityOf, type Owner } from './owner.ts'

const INITDB_MS = 120_000 // it takes half a second; a slow disk that syncs 1,000 files takes many

export const PASSWORD_FILE = 'superuser.password'

export type Initialisation = { dataDir: string; initdb: string; owner: Owner | undefined; sync: boolean }

export async function initialise({ dataDir, initdb, owner, sync }: Initialisation): Promise<void> {
  const staging = makeStaging(dataDir)
  const secret = `${staging}.password`
  const password = randomBytes(24).toString('base64url')
  try {
    // initdb cannot read it from standard input: Node's pipes are sockets, which /dev/stdin does not open.
    writeSecret(secret, password, owner)
    if (owner) fs.chownSync(staging, owner.uid, owner.gid)
    assertReachable(staging, dataDir, owner)
    await runInitdb({ dataDir, initdb, owner, sync }, staging, secret)
    writeSecret(path.join(staging, PASSWORD_FILE), password, owner)
    moveIntoPlace(staging, dataDir)
  } finally {
    for (const left of [staging, secret]) fs.rmSync(left, { recursive: true, force: true })
  }
}

export function assertReachable(folder: string, dataDir: string, owner: Owner | undefined): void {
  if (!owner || canEnter(folder, owner)) return
  throw unavailable(
    `The user ${owner.name}, as whom PostgreSQL runs, cannot reach ${dataDir}: ` +
      'open the folders above it (chmod o+x), or choose a home such as /var/lib/daybreak',
  )
}

function writeSecret(file: string, secret: string, owner: Owner | undefined): void {
  fs.writeFileSync(file, secret, { mode: 0o600, flag: 'wx', flush: true })
  if (owner) fs.lchownSync(file, owner.uid, owner.gid)
}

async function runInitdb(order: Initialisation, staging: string, secret: string): Promise<void> {
  const { dataDir, initdb, owner, sync } = order
  // The builtin locale sorts by bytes and depends on no libc or ICU version.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const access = ['--username=postgres', `--pwfile=${secret}`, '--auth=scram-sha-256']
  const args = ['-D', staging, ...access, ...locale, '--no-instructions', ...(sync ? [] : ['--no-sync'])]
  try {
    await promisify(execFile)(initdb, args, {
      ...identityOf(owner),
      cwd: '/',
      env: { LC_ALL: 'C', TZ: 'UTC' },
      timeout: INITDB_MS,
    })
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : ''
    if (/No space left on device|Disk quota exceeded/.test(output)) throw diskFull(dataDir, cause)
    throw new Error(`initdb could not make a data folder in ${dataDir}: ${output}`, { cause })
  }
}

function moveIntoPlace(staging: string, dataDir: string): void {
  try {
    fs.renameSync(staging, dataDir)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return // another process was first
    if (code !== 'EBUSY') throw error
    throw unavailable(`${dataDir} is a mount point and cannot be replaced: choose a folder below it`, error)
  }
}
