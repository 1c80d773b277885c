// Answers that clients ask for again and again, and that seldom change: a browser keeps them and asks whether they
// still hold. Everything else is `no-store`, and costs no hash.
import type { Endpoint } from '../../contract/endpoint.ts'
import {
  getTemplate,
  getTemplateByName,
  getTemplateVersion,
  getTemplateVersionByName,
  listOrganizationTemplates,
  listTemplates,
  listTemplateVersionPresets,
  listTemplateVersions,
} from '../../contract/templates.ts'

const REVALIDATED: ReadonlySet<Endpoint> = new Set<Endpoint>([
  getTemplate,
  getTemplateByName,
  getTemplateVersion,
  getTemplateVersionByName,
  listOrganizationTemplates,
  listTemplates,
  listTemplateVersionPresets,
  listTemplateVersions,
])

/** Kept by the browser of one person, and never shown without asking: access may have ended. */
export const REVALIDATE = 'private, no-cache'

export function isRevalidated(endpoint: Endpoint): boolean {
  return REVALIDATED.has(endpoint)
}
