// How the command line writes who may use a template: `user:NAME=use`, `group:NAME=admin`, `everyone=use`.
import { usage } from '../failure.ts'

export type Grant = {
  kind: 'user' | 'group' | 'everyone'
  name: string
  role: 'use' | 'admin' | ''
  /** Without the role, as it was written. */
  text: string
}

const HOW = 'Write user:NAME, group:NAME or everyone.'

export function parseGrants(texts: readonly string[]): Grant[] {
  return texts.map((text) => {
    const [, who = '', role] = /^(.*)=(.*)$/.exec(text) ?? []
    if (role !== 'use' && role !== 'admin') {
      throw usage(`"${text}" says no role.`, 'Write it like user:ana=use or group:builders=admin.')
    }
    return { ...parseGrantee(who), role }
  })
}

export function parseGrantees(texts: readonly string[]): Grant[] {
  return texts.map((text) => ({ ...parseGrantee(text), role: '' }))
}

function parseGrantee(text: string): Omit<Grant, 'role'> {
  if (text === 'everyone') return { kind: 'everyone', name: '', text }
  const [, kind, name] = /^(user|group):(.+)$/.exec(text) ?? []
  if ((kind !== 'user' && kind !== 'group') || name === undefined) throw usage(`"${text}" names nobody.`, HOW)
  return { kind, name, text }
}
