// Takes what waits in `provisioner_jobs` for the drivers of this process until nothing is left. The job itself carries
// no payload: it is a poke, and running it twice finds nothing the second time.
import { acquireProvisionerJob, type AcquireProvisionerJobRow } from '../../sql/provisioner_jobs.sql.ts'
import type { Context } from '../context.ts'
import { daemonTags } from '../daemon.ts'
import type { Driver } from '../provisioners/driver.ts'
import { giveUp } from './provision/giveUp.ts'
import { pokeProvisioner, provisionRequest, provisionTask } from './pokes.ts'
import { runBuild } from './provision/build.ts'
import { runImport } from './provision/import.ts'
import { defineJob, type JobRun } from './task.ts'

/** So many in a row, then the poke is given back: a graceful stop must not wait for a long queue. */
const MAX_IN_A_ROW = 50

export type ProvisionReport = { imports: number; builds: number; failed: number }

export const provision = defineJob({
  ...provisionRequest,
  class: 'provision',
  names: (context: Context) =>
    [...context.drivers.keys()].flatMap((driver) => [
      provisionTask(driver, null),
      provisionTask(driver, context.hostId),
    ]),
  async run(_payload, context, run) {
    const [, driverName] = /^provision:(\w+)(?:@.*)?$/.exec(run.task) ?? []
    const driver = context.drivers.get(driverName as Driver['name'])
    if (!driver) throw new Error(`no driver ${driverName} in this process`)
    const report: ProvisionReport = { imports: 0, builds: 0, failed: 0 }
    for (let taken = 0; !run.signal.aborted; taken++) {
      if (taken === MAX_IN_A_ROW) {
        await pokeProvisioner(context.db, run.task)
        break
      }
      const job = await acquireProvisionerJob(context.db, {
        workerId: context.processId,
        provisioner: driver.name,
        tags: daemonTags(context.hostId),
      })
      if (!job) break
      const ok = await runJob(context, { job, driver, run })
      if (job.type === 'workspace_build') report.builds++
      else report.imports++
      if (!ok) report.failed++
    }
    return report
  },
})

type Taken = { job: AcquireProvisionerJobRow; driver: Driver; run: JobRun }

async function runJob(context: Context, { job, driver, run }: Taken): Promise<boolean> {
  const work = { job, driver, signal: run.signal }
  try {
    // There may be more, and another slot of this or another worker may be free.
    await pokeProvisioner(context.db, run.task)
    return job.type === 'workspace_build' ? await runBuild(context, work) : await runImport(context, work)
  } catch (error) {
    await giveUp(context, { job, error })
    return false
  }
}
