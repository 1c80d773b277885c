import type { Job } from './task.ts'

/** Every job there is; a runner serves those of its class. */
export const jobs: readonly Job[] = []
