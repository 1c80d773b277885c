import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { Refusal } from '../domain/errors.ts'

/** The unprivileged user that PostgreSQL runs as when we are root; it refuses to run as root itself. */
export type Owner = { name: string; uid: number; gid: number }

/** A folder made earlier keeps its user, even when a user named postgres has come into being since. */
export function pickOwner(dataDir: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = systemUsers()
  const made = fs.existsSync(path.join(dataDir, 'PG_VERSION')) ? fs.statSync(dataDir) : undefined
  if (made && made.uid !== 0) {
    const name = users.find((user) => user.uid === made.uid)?.name ?? `with id ${made.uid}`
    return { name, uid: made.uid, gid: made.gid }
  }
  return unprivilegedUser(users)
}

export function identityOf(owner: Owner | undefined): { uid?: number; gid?: number } {
  return owner ? { uid: owner.uid, gid: owner.gid } : {}
}

export function canEnter(folder: string, owner: Owner | undefined): boolean {
  const shell = spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...identityOf(owner), cwd: '/', env: {} })
  return shell.status === 0
}

/** Whether PostgreSQL could work below this folder, which need not exist yet. */
export function homeReachable(folder: string): boolean {
  if (process.getuid?.() !== 0) return true
  let existing = path.resolve(folder)
  while (!fs.existsSync(existing)) existing = path.dirname(existing)
  return canEnter(existing, unprivilegedUser(systemUsers()))
}

// initdb refuses a uid that has no name, so the user must be in the list.
function unprivilegedUser(users: readonly Owner[]): Owner {
  const user = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody')
  if (user) return user
  throw new Refusal(
    'unavailable',
    'PostgreSQL cannot run as root, and /etc/passwd has no user named postgres or nobody: ' +
      'add one, or start as a normal user',
  )
}

function systemUsers(): Owner[] {
  return fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
}
