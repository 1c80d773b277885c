import type { Client } from '../../contract/client.ts'
import { listTemplates, type Template } from '../../contract/templates.ts'
import { CliFailure } from '../failure.ts'

/** By name, `organization/name`, or id. */
export async function findTemplate(client: Client, name: string): Promise<Template> {
  const templates = await client(listTemplates, {})
  const [first, ...others] = matching(templates, name)
  if (!first) {
    throw new CliFailure(`There is no template "${name}".`, {
      detail:
        templates.length === 0
          ? 'There are none yet: daybreak templates push DIR'
          : `There are: ${templates.map((template) => template.name).join(', ')}.`,
    })
  }
  if (others.length > 0) {
    throw new CliFailure(`More than one organization has a template "${name}".`, {
      detail: `Say which: ${[first, ...others].map((one) => `${one.organization_name}/${one.name}`).join(', ')}.`,
    })
  }
  return first
}

export function matching(templates: readonly Template[], name: string): Template[] {
  return templates.filter(
    (template) =>
      template.id === name || template.name === name || `${template.organization_name}/${template.name}` === name,
  )
}
