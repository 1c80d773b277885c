import type { Client } from '../../contract/client.ts'
import { getGroup, getGroupByName, type Group } from '../../contract/groups.ts'
import { Id } from '../../contract/values.ts'
import { orSay } from '../organizations/find.ts'

/** By name in an organization, or by id. */
export async function findGroup(
  client: Client,
  { name, organization }: { name: string; organization: string },
): Promise<Group> {
  const asked = Id.safeParse(name).success
    ? client(getGroup, { params: { group: name }, query: {} })
    : client(getGroupByName, { params: { organization, name }, query: {} })
  return await orSay(
    asked,
    `There is no group "${name}" that you may see.`,
    `See which there are: daybreak groups list --organization ${organization}`,
  )
}
