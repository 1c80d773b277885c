// The little language of `GET /organizations/{organization}/members?q=`: `user_id:<id>`, `include_system:true`.
import { Refusal } from '../../domain/errors.ts'
import { asId } from '../ids.ts'

export type MemberQuery = { userId?: string; includeSystem: boolean }

const TOKEN = /(?:([a-z_]+):)?(?:"([^"]*)"|(\S+))/gi

export function parseMemberQuery(text: string): MemberQuery {
  const query: MemberQuery = { includeSystem: false }
  for (const [whole, key, quoted, plain] of text.matchAll(TOKEN)) {
    const value = quoted ?? plain ?? ''
    if (key === 'user_id') query.userId = asId(value) ?? refuse(`"${value}" is not the id of a user.`)
    else if (key === 'include_system') query.includeSystem = asBoolean(value)
    else refuse(`"${whole}" is not a word of this search: use user_id:<id> or include_system:true.`)
  }
  return query
}

function asBoolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') return refuse(`"${value}" is neither true nor false.`)
  return value === 'true'
}

function refuse(detail: string): never {
  throw new Refusal('invalid', 'Invalid organization member search query.', { validations: [{ field: 'q', detail }] })
}
