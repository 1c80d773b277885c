// The little language of `GET /workspaces?q=`: `owner:me name:web template:us-nix`, a bare name, or `owner/name`.
import { Refusal } from '../../domain/errors.ts'

export type WorkspaceQuery = { owner?: string; name?: string; template?: string }

const WORDS = new Set(['owner', 'name', 'template'])
const TOKEN = /(?:([a-z_-]+):)?(?:"([^"]*)"|(\S+))/gi

export function parseWorkspaceQuery(text: string): WorkspaceQuery {
  const query: WorkspaceQuery = {}
  for (const [, key, quoted, plain] of text.matchAll(TOKEN)) {
    const value = quoted ?? plain ?? ''
    if (key === undefined) Object.assign(query, parseBare(value))
    else if (WORDS.has(key)) Object.assign(query, { [key]: value })
    else {
      throw new Refusal('invalid', 'Invalid workspace search query.', {
        validations: [{ field: 'q', detail: `"${key}" is not a word of this search: use ${[...WORDS].join(', ')}.` }],
      })
    }
  }
  return query
}

function parseBare(value: string): WorkspaceQuery {
  const [owner, name, ...more] = value.split('/')
  if (more.length > 0) {
    throw new Refusal('invalid', 'Invalid workspace search query.', {
      validations: [{ field: 'q', detail: `"${value}" can only contain one slash.` }],
    })
  }
  return name === undefined ? { name: value } : { owner: owner ?? '', name }
}
