import { Option } from 'commander'
import {
  type Claim,
  createWorkspace,
  type CreateWorkspace,
  MAX_WAIT_MS,
  type Workspace,
} from '../../contract/workspaces.ts'
import type { Define } from '../commands.ts'
import { usage } from '../failure.ts'
import { withExamples } from '../program.ts'
import type { Session } from '../session.ts'
import { formatMs, parseDuration } from '../words.ts'
import { type Choice, choosePreset } from './choosePreset.ts'
import { describeWorkspace } from './describe.ts'
import { fullName, parseWorkspaceName } from './find.ts'
import { waitUntilReady } from './waitUntilReady.ts'

type Parameter = { name: string; value: string }
type Options = {
  template?: string
  preset?: string
  parameter?: Parameter[]
  pool: boolean
  requirePool?: true
  wait?: string
  untilReady?: false
  idempotencyKey?: string
  timeout: string
}

export const createWorkspaceCommand: Define = (command, session) => {
  command
    .argument('<name>', 'name, or owner/name')
    .option('--template <template>', 'name or id (default: the one that has the preset)')
    .option('--preset <preset>', "name (default: the template's own default; `none` for no preset)")
    .option('--parameter <name=value>', 'a parameter of the template; may be repeated', collectParameter)
    .option('--no-pool', 'build it even if a prebuilt one is ready')
    .option('--require-pool', 'fail rather than build one')
    .option('--wait <duration>', `wait for a prebuilt one that is not ready yet, at most ${formatMs(MAX_WAIT_MS)}`)
    .addOption(noWaitOption())
    .option('--idempotency-key <key>', 'the same key never makes a second workspace within a day')
    .option('--timeout <duration>', 'give up waiting until it is ready', '5m')
    .action((name: string, options: Options) => create(session, { name, ...options }))
  withExamples(command, [
    'daybreak workspaces create mine --preset always-warm',
    'daybreak workspaces create mine --template us-nix --parameter region=eu --no-pool',
    'daybreak workspaces create ci-42 --preset always-warm --require-pool --wait 20s --idempotency-key ci-42',
  ])
}

/** Commander would keep both under one name, and `--wait 5s --no-wait` would ask for something else. */
function noWaitOption(): Option {
  const option = new Option('--no-wait', 'do not wait until it is ready')
  option.attributeName = () => 'untilReady'
  return option
}

async function create(session: Session, options: Options & { name: string }): Promise<void> {
  const { output } = session
  const target = parseWorkspaceName(options.name)
  const timeoutMs = parseDuration(options.timeout)
  const pool = readPool(options)
  const { client } = session.connect()
  const choice = await choosePreset(client, { template: options.template, preset: options.preset })
  session.goesOn = 'The server goes on with what it was asked: daybreak workspaces list'
  const startedMs = performance.now()
  const { claim, ...workspace } = await client(createWorkspace, {
    params: { user: target.owner },
    body: bodyOf(choice, { name: target.name, parameters: options.parameter ?? [], pool }),
    ...(options.idempotencyKey === undefined ? {} : { headers: { 'Idempotency-Key': options.idempotencyKey } }),
  })
  const requestMs = Math.round(performance.now() - startedMs)
  output.note(`${claimWords(workspace, claim)} The request took ${formatMs(requestMs)}.`)
  if (options.untilReady === false) {
    output.answer({ workspace, claim, timing: { request_ms: requestMs } }, () =>
      describeWorkspace({ workspace, preset: choice.preset?.Name }, { paint: output.paint, now: new Date() }),
    )
    return
  }
  const awaited = { workspace, claimed: claim.from_pool, startedMs, timeoutMs }
  const { workspace: ready, ...timing } = await waitUntilReady(session, client, awaited)
  output.answer({ workspace: ready, claim, timing: { request_ms: requestMs, ...timing } }, () =>
    [
      describeWorkspace({ workspace: ready, preset: choice.preset?.Name }, { paint: output.paint, now: new Date() }),
      '',
      `${claim.from_pool ? 'Agent told of its owner' : 'Agent connected'} after ${timing.acknowledged_ms} ms; ` +
        output.paint('green', `ready after ${timing.ready_ms} ms.`),
    ].join('\n'),
  )
}

type Pool = Pick<CreateWorkspace, 'prebuild' | 'wait_ms'>

function readPool({ pool, requirePool, wait }: Options): Pool {
  if (!pool && requirePool) throw usage('Give either --no-pool or --require-pool, not both.')
  const waitMs = wait === undefined ? 0 : parseDuration(wait)
  if (waitMs > MAX_WAIT_MS) throw usage(`--wait is at most ${formatMs(MAX_WAIT_MS)}.`)
  if (!pool && waitMs > 0) throw usage('Give either --no-pool or --wait, not both.')
  return { prebuild: pool ? (requirePool ? 'require' : 'prefer') : 'never', wait_ms: waitMs }
}

function bodyOf(
  { template, preset }: Choice,
  { name, parameters, pool }: { name: string; parameters: Parameter[]; pool: Pool },
) {
  return {
    name,
    template_id: template.id,
    ...(preset ? { template_version_preset_id: preset.ID } : {}),
    rich_parameter_values: parameters,
    ...pool,
  }
}

function claimWords(workspace: Workspace, { from_pool: fromPool, preset, why_not: whyNot }: Claim): string {
  const name = fullName(workspace)
  if (fromPool) return `${name} comes ready from the pool${preset ? ` of ${preset}` : ''}.`
  return `${name} is built now${whyNot ? `: ${whyNot}` : ''}.`
}

function collectParameter(text: string, before: Parameter[] = []): Parameter[] {
  const at = text.indexOf('=')
  if (at < 1) throw usage(`"${text}" is not a parameter.`, 'Write it like --parameter region=eu')
  return [...before, { name: text.slice(0, at), value: text.slice(at + 1) }]
}
