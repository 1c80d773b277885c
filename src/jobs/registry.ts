import { expireTokens } from './expireTokens.ts'
import { provision } from './provision.ts'
import { reapProvisionerJobs } from './reapProvisionerJobs.ts'
import { reconcilePreset } from './reconcilePreset.ts'
import { sweepPresets } from './sweepPresets.ts'
import type { Job } from './task.ts'

/** Every job there is; a runner serves those of its class. */
export const jobs = [expireTokens, provision, reapProvisionerJobs, reconcilePreset, sweepPresets] as readonly Job[]
