import path from 'node:path'
import type { Client } from '../../contract/client.ts'
import {
  createTemplate,
  createTemplateVersion,
  listTemplates,
  listTemplateVersionPresets,
  promoteTemplateVersion,
  type Template,
  type TemplateVersion,
  uploadFile,
} from '../../contract/templates.ts'
import { Name } from '../../contract/values.ts'
import type { Define } from '../commands.ts'
import { confirm } from '../confirm.ts'
import { usage } from '../failure.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { findTemplate, matching } from './find.ts'
import { followImport } from './followImport.ts'
import { pack } from './pack.ts'

type Options = { name?: string; message?: string; promote: boolean; yes?: true }

export const pushTemplateCommand: Define = (command, session) => {
  command
    .argument('<dir>', 'folder with a daybreak.yaml')
    .option('--name <name>', "the template (default: the folder's name)")
    .option('--message <text>', 'what changed, for the list of versions')
    .option('--no-promote', 'import it, but leave the active version as it is')
    .option('-y, --yes', 'do not ask before making a new template')
    .action((folder: string, options: Options) => push(session, { folder, ...options }))
  withExamples(command, [
    'daybreak templates push ./us-nix',
    'daybreak templates push . --name us-nix --message "newer Node" --no-promote',
  ])
}

async function push(session: Session, options: Options & { folder: string }): Promise<void> {
  const { output } = session
  const folder = path.resolve(options.folder)
  const name = options.name ?? path.basename(folder)
  const { bytes, files } = await pack(folder)
  const { client } = session.connect()
  const existing = await findOrPropose(client, { name, yes: options.yes === true })
  output.note(`Pushing ${files} ${files === 1 ? 'file' : 'files'} to ${existing?.name ?? `a new template ${name}`}.`)
  const { hash } = await client.upload(uploadFile, { bytes, type: 'application/x-tar' })
  session.goesOn = 'The server goes on with the import; it promotes nothing by itself.'
  const started = await client(createTemplateVersion, {
    params: { organization: existing?.organization_id ?? 'default' },
    body: { file_id: hash, message: options.message ?? '', ...(existing ? { template_id: existing.id } : {}) },
  })
  const version = await followImport(client, { version: started, output })
  const template = await publish(client, { existing, name, version, promote: options.promote })
  const promoted = !existing || options.promote
  const presets = await client(listTemplateVersionPresets, { params: { templateversion: version.id } })
  const toPromote = `daybreak templates promote ${template.name} ${version.name}`
  const names = presets.map((preset) => preset.Name).join(', ')
  output.answer({ template, version, created: !existing, promoted, presets }, () =>
    [
      promoted
        ? `${version.name} is the active version of ${template.name}.`
        : `${version.name} is imported, not active. To use it: ${toPromote}`,
      ...(names ? [`Presets: ${names}`] : []),
    ].join('\n'),
  )
  const [first] = presets
  if (first && promoted)
    output.note(`Use it: daybreak workspaces create mine --template ${template.name} --preset '${first.Name}'`)
}

async function findOrPropose(
  client: Client,
  { name, yes }: { name: string; yes: boolean },
): Promise<Template | undefined> {
  if (matching(await client(listTemplates, {}), name).length > 0) return await findTemplate(client, name)
  const problem = Name.safeParse(name).error?.issues[0]?.message
  if (problem) throw usage(`"${name}" cannot be the name of a template: ${problem}.`, 'Choose another with --name.')
  // A script that pushes means it; a person may have mistyped the name.
  if (!yes && process.stdin.isTTY) await confirm(`There is no template ${name} yet. Make it?`)
  return undefined
}

async function publish(
  client: Client,
  options: { existing: Template | undefined; name: string; version: TemplateVersion; promote: boolean },
): Promise<Template> {
  const { existing, name, version, promote } = options
  if (!existing) {
    const body = { name, template_version_id: version.id }
    return await client(createTemplate, { params: { organization: 'default' }, body })
  }
  if (promote) await client(promoteTemplateVersion, { params: { template: existing.id }, body: { id: version.id } })
  return existing
}
