import { ApiError } from '../../src/contract/client.ts'

export type Refused = { status: number; message: string; fields: string[] }

/** What the API says to a request that it must not grant. */
export async function refused(asked: Promise<unknown>): Promise<Refused> {
  const answer = await asked.then(
    (granted) => new Error(`this was granted: ${JSON.stringify(granted)}`),
    (error: unknown) => error,
  )
  if (!(answer instanceof ApiError)) throw answer
  const fields = (answer.body.validations ?? []).map(({ field }) => field)
  return { status: answer.status, message: answer.body.message, fields }
}

export const HIDDEN = 'Resource not found or you do not have access to this resource'
