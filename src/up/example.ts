// The example template of a first start, pushed through the API like any other.
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pack } from '../cli/templates/pack.ts'
import { createClient } from '../contract/client.ts'
import {
  createTemplate,
  createTemplateVersion,
  getTemplateVersion,
  listTemplates,
  listTemplateVersionLogs,
  uploadFile,
} from '../contract/templates.ts'
import { CLONE } from '../home.ts'

const NAME = 'us-nix'
const POLL_MS = 50
/** An import of the process driver reads one small file. */
const IMPORT_MS = 60_000

/** False when there is a template already: then it is left as its owner wants it. */
export async function pushExample({ url, token }: { url: string; token: string }): Promise<boolean> {
  const client = createClient(url, token)
  if ((await client(listTemplates, {})).length > 0) return false
  const { bytes } = await pack(path.join(CLONE, 'examples', 'templates', NAME))
  const { hash } = await client.upload(uploadFile, { bytes, type: 'application/x-tar' })
  const params = { organization: 'default' }
  const started = await client(createTemplateVersion, {
    params,
    body: { file_id: hash, message: 'The example of a first start.' },
  })
  const ofVersion = { templateversion: started.id }
  for (let waited = 0; ; waited += POLL_MS) {
    const { job } = await client(getTemplateVersion, { params: ofVersion })
    if (job.status === 'succeeded') break
    if (job.completed_at !== undefined || waited > IMPORT_MS) {
      const lines = await client(listTemplateVersionLogs, { params: ofVersion, query: {} })
      const said = lines.map(({ output }) => output).join(' ')
      throw new Error(`the example template was not imported: ${job.error ?? job.status} ${said}`)
    }
    await sleep(POLL_MS)
  }
  await client(createTemplate, { params, body: { name: NAME, template_version_id: started.id } })
  return true
}
