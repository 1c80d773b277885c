import type { Request } from 'express'
import { findAgentByToken, type FindAgentByTokenRow } from '../../../sql/workspace_agents.sql.ts'
import { AGENT_ID_HEADER } from '../../contract/agentApi.ts'
import type { Context } from '../../context.ts'
import { Refusal } from '../../domain/errors.ts'
import { hashSecret } from '../../secrets.ts'
import { tokensOf } from '../auth.ts'
import { asId } from '../ids.ts'

/** An agent believes to be a row that a claim has replaced: it must load its manifest again. */
export class Superseded extends Refusal {
  constructor() {
    super('unauthenticated', 'This agent was superseded: its workspace changed hands.')
  }
}

/** The token names the live row; what a superseded one reports must not be taken for its successor's. */
export async function authenticateAgent(context: Context, request: Request): Promise<FindAgentByTokenRow> {
  for (const text of tokensOf(request)) {
    const token = asId(text)
    const agent = token === null ? null : await findAgentByToken(context.db, { tokenHash: hashSecret(token) })
    if (!agent) continue
    const believed = request.get(AGENT_ID_HEADER)
    if (request.res) request.res.locals.agentId = agent.id // for the log
    if (believed !== undefined && believed !== agent.id) throw new Superseded()
    return agent
  }
  throw new Refusal('unauthenticated', 'No agent has this token.', {
    detail: 'Its workspace was stopped, deleted or built again.',
  })
}
