// The numbers behind a decision as plain JSON, stored with it and read by `explain`.
import type { PrebuildAction, PrebuildSnapshot, PrebuildState } from '../prebuilds.ts'
import type { Target } from '../windows.ts'

export type Reason = {
  rule: 'active' | 'target' | 'pool' | 'balance' | 'creation'
  verdict: string
  inputs: Record<string, string | number | boolean | null>
}

type Decided = { target: Target; state: PrebuildState; actions: readonly PrebuildAction[] }

export function explain(snapshot: PrebuildSnapshot, { target, state, actions }: Decided): Reason[] {
  const activity: Reason = {
    rule: 'active',
    verdict: describeActivity(snapshot),
    inputs: { active: snapshot.preset.active, paused: snapshot.paused },
  }
  const reasons = [activity, explainPool(snapshot, state)]
  if (!snapshot.preset.active) return reasons
  return [...reasons, explainTarget(snapshot, target), explainBalance(state), explainCreation(snapshot, actions)]
}

function describeActivity({ paused, preset }: PrebuildSnapshot): string {
  if (paused) return 'paused'
  return preset.active ? 'active' : 'inactive'
}

function explainPool({ preset }: PrebuildSnapshot, state: PrebuildState): Reason {
  const { actual, deleting, eligible, expired, starting, stopping } = state
  return {
    rule: 'pool',
    verdict: `${actual - expired} valid, ${eligible} ready, ${starting} starting`,
    inputs: {
      actual,
      expired,
      eligible,
      starting,
      stopping,
      deleting,
      ttlSeconds: preset.ttlSeconds,
      lastInvalidatedAt: preset.lastInvalidatedAt?.toISOString() ?? null,
    },
  }
}

function explainTarget({ preset, lastGoodDesired }: PrebuildSnapshot, target: Target): Reason {
  return {
    rule: 'target',
    verdict: target.source,
    inputs: {
      desired: target.desired,
      base: preset.base,
      timezone: preset.timezone,
      window: target.window?.cron ?? null,
      windowIndex: target.window?.index ?? null,
      until: target.until?.toISOString() ?? null,
      configError: target.configError ?? null,
      lastGoodDesired: lastGoodDesired ?? null,
    },
  }
}

function explainBalance({ actual, desired, expired, extraneous, starting }: PrebuildState): Reason {
  const valid = actual - expired
  const missing = Math.max(desired - valid - starting, 0)
  const verdict = missing > 0 ? `${missing} missing` : extraneous > 0 ? `${extraneous} too many` : 'enough'
  return { rule: 'balance', verdict, inputs: { desired, valid, starting, missing, extraneous } }
}

function explainCreation(snapshot: PrebuildSnapshot, actions: readonly PrebuildAction[]): Reason {
  const parts = actions.flatMap((action) => {
    if (action.type === 'create') return [`create ${action.count}`]
    return action.type === 'hold' ? [`hold: ${action.reason}`] : []
  })
  return {
    rule: 'creation',
    verdict: parts.join(', ') || 'none needed',
    inputs: {
      status: snapshot.preset.status,
      failuresInARow: snapshot.failuresInARow,
      hardLimit: snapshot.hardLimit,
      backoffUntil: snapshot.backoffUntil?.toISOString() ?? null,
      probe: snapshot.probe,
      maxInflight: snapshot.maxInflight,
    },
  }
}
