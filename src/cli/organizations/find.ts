import { ApiError, type Client } from '../../contract/client.ts'
import { getUser } from '../../contract/users.ts'
import { Id } from '../../contract/values.ts'
import { CliFailure } from '../failure.ts'

export const ORGANIZATION = ['--organization <name>', 'its name or id', 'default'] as const

/** By name or id; ids are not looked up, since one may name those whom one does not see. */
export async function findUserId(client: Client, name: string): Promise<string> {
  if (Id.safeParse(name).success) return name
  return (await orSay(client(getUser, { params: { user: name } }), `There is no user "${name}" whom you may see.`)).id
}

/** What is not there and what is hidden answer alike: says what was asked for. */
export async function orSay<T>(asked: Promise<T>, message: string, detail?: string): Promise<T> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    throw new CliFailure(message, { status: error.status, cause: error, detail })
  }
}
