// A PostgreSQL of the machine's own that is older than what Daybreak needs, where the machine has one.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { MINIMUM_SERVER_VERSION } from '../../sql/migrate.ts'
import { identityOf, pickOwner } from '../../src/postgres/owner.ts'
import { freePort } from './daybreak.ts'

/** Where Debian puts each major version. */
const INSTALLED = '/usr/lib/postgresql'

export async function startOldPostgres(t: ExecutionContext): Promise<string | undefined> {
  const versions = fs.existsSync(INSTALLED) ? fs.readdirSync(INSTALLED) : []
  const version = versions.find((name) => Number(name) < MINIMUM_SERVER_VERSION)
  const bin = path.join(INSTALLED, version ?? '', 'bin')
  if (version === undefined || !fs.existsSync(path.join(bin, 'initdb'))) return undefined
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'daybreak-old-'))
  const owner = pickOwner(dataDir)
  if (owner) fs.chownSync(dataDir, owner.uid, owner.gid)
  const order = (program: string, ...args: string[]): void => {
    const { status, stderr } = spawnSync(path.join(bin, program), args, {
      ...identityOf(owner),
      cwd: '/',
      stdio: 'pipe',
    })
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.toString()}`)
  }
  t.teardown(() => fs.rmSync(dataDir, { recursive: true, force: true }))
  order('initdb', '-D', dataDir, '-U', 'postgres', '--auth=trust', '--no-sync')
  const port = await freePort()
  const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off`
  order('pg_ctl', '-D', dataDir, '-w', '-l', path.join(dataDir, 'log'), '-o', options, 'start')
  t.teardown(() => order('pg_ctl', '-D', dataDir, '-w', '-m', 'immediate', 'stop'))
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}
