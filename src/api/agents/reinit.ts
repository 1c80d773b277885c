// The stream on which an agent hears that its workspace changed hands. Listen first, then look: what happens between
// the two is delivered twice, and the generation tells the agent that it is the same event.
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { findAgentByToken } from '../../../sql/workspace_agents.sql.ts'
import type { ReinitEvent } from '../../contract/agentApi.ts'
import { hashSecret } from '../../secrets.ts'
import { SYSTEM_USER_ID } from '../../systemUser.ts'
import { tokensOf } from '../auth.ts'
import { type ApiContext, readFields } from '../route.ts'
import { serveLive } from '../sse.ts'
import { authenticateAgent } from './auth.ts'

const Query = z.object({ generation: z.coerce.number().int().min(0).default(0) })

export function reinit(context: ApiContext): RequestHandler {
  return async (request, response) => {
    const agent = await authenticateAgent(context, request)
    const lastEventId = request.get('Last-Event-ID')
    let seen = readFields(Query, { generation: lastEventId ?? request.query.generation }).generation
    // Whatever it has seen: one that forgot what it acknowledged has read it in its manifest since.
    if (agent.ownerId !== SYSTEM_USER_ID && agent.acknowledgedGeneration >= agent.reinitGeneration) {
      response.status(409).json({ message: 'This workspace will not change hands.', code: 'reinit_not_applicable' })
      return
    }
    // A claim replaces the agent's row, and names the new one: every notification is looked at through the token.
    const tokenHash = tokensOf(request).map((text) => hashSecret(text.toLowerCase()))
    await serveLive({ request, response, ...context, topic: 'reinit', id: agent.workspaceId }, async (stream) => {
      const live = await findLive(context, tokenHash)
      if (!live) {
        stream.end()
        return
      }
      if (live.reinitGeneration <= seen) return
      seen = live.reinitGeneration
      const data: ReinitEvent = {
        reason: 'prebuild_claimed',
        workspace_id: live.workspaceId,
        workspaceID: live.workspaceId,
        owner_id: live.ownerId,
        generation: live.reinitGeneration,
        agent_id: live.id,
      }
      stream.send({ id: String(live.reinitGeneration), data })
    })
  }
}

async function findLive(context: ApiContext, tokenHashes: readonly Buffer[]) {
  for (const tokenHash of tokenHashes) {
    const live = await findAgentByToken(context.db, { tokenHash })
    if (live) return live
  }
  return null
}
