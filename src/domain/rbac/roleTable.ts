// The built-in roles as a Markdown table, so that the documentation cannot say anything else than the rules do.
import { actionsOf, type Grants, RESOURCE_TYPES } from './resources.ts'
import { ORGANIZATION_ROLES, type Permissions, type Role, SITE_ROLES } from './roles.ts'

const LEVELS = [
  ['site', 'everywhere'],
  ['user', 'own'],
  ['org', 'in the organization'],
  ['orgMember', 'own, in the organization'],
] as const

export function roleTable(roles: readonly Role[] = [...SITE_ROLES, ...ORGANIZATION_ROLES]): string {
  const rows = roles.flatMap((role) =>
    LEVELS.flatMap(([level, where]) => rowsOf(role[level] ?? {}).map((row) => [`\`${role.name}\``, where, ...row])),
  )
  return [['Role', 'Where', 'Resource', 'Actions'], ['---', '---', '---', '---'], ...rows].map(line).join('')
}

function rowsOf({ allow = {}, deny = {} }: Permissions): string[][] {
  return [...grantRows(allow, ''), ...grantRows(deny, 'never ')]
}

function grantRows(grants: Grants, prefix: string): string[][] {
  return RESOURCE_TYPES.flatMap((type) => {
    const actions = actionsOf(type).filter((action) => grants[type]?.includes(action))
    const all = actions.length === actionsOf(type).length ? 'all: ' : ''
    return actions.length === 0 ? [] : [[`\`${type}\``, `${prefix}${all}${actions.join(', ')}`]]
  })
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`
}
