import { ApiError, type Client } from '../../contract/client.ts'
import { Id } from '../../contract/values.ts'
import { getWorkspace, getWorkspaceByName, type Workspace } from '../../contract/workspaces.ts'
import { CliFailure, usage } from '../failure.ts'

/** By `name` (your own), `owner/name`, or id. */
export async function findWorkspace(client: Client, text: string): Promise<Workspace> {
  if (Id.safeParse(text).success) return await client(getWorkspace, { params: { workspace: text }, query: {} })
  const { owner, name } = parseWorkspaceName(text)
  try {
    return await client(getWorkspaceByName, { params: { user: owner, name } })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    const whose = owner === 'me' ? 'You have no workspace' : 'There is no workspace that you may see by the name of'
    throw new CliFailure(`${whose} "${owner === 'me' ? name : text}".`, {
      status: error.status,
      detail: 'See which there are: daybreak workspaces list --all',
      cause: error,
    })
  }
}

export function parseWorkspaceName(text: string): { owner: string; name: string } {
  const [first = '', second, ...more] = text.split('/')
  if (first === '' || second === '' || more.length > 0) {
    throw usage(`"${text}" is not the name of a workspace.`, 'Write `name`, `owner/name` or its id.')
  }
  return second === undefined ? { owner: 'me', name: first } : { owner: first, name: second }
}

export function fullName({ owner_name: owner, name }: Pick<Workspace, 'owner_name' | 'name'>): string {
  return `${owner}/${name}`
}
