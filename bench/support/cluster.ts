// A durable PostgreSQL of its own for a benchmark: with fsync, as in production, and gone afterwards.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { migrate } from '../../sql/migrate.ts'
import { startPostgres } from '../../src/postgres/start.ts'
import { untilSignal } from '../../src/signals.ts'

export type BenchCluster = { url: string; home: string; stop(): Promise<void> }

export async function startBenchCluster(): Promise<BenchCluster> {
  const signalled = untilSignal()
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'daybreak-bench-'))
  fs.chmodSync(home, 0o755)
  const binariesDir = path.join(home, 'bin')
  const settings = { max_connections: 100, shared_buffers: '512MB', max_wal_size: '4GB' }
  const postgres = await startPostgres({ dataDir: path.join(home, 'postgres'), binariesDir, settings })
  const stop = async (): Promise<void> => {
    await postgres.stop()
    fs.rmSync(home, { recursive: true, force: true })
  }
  void signalled.then(async () => {
    // What runs now loses its connections, and must not end the process before the server has ended.
    process.on('uncaughtException', () => {})
    process.on('unhandledRejection', () => {})
    await stop()
    process.exit(130)
  })
  await migrate(postgres.url())
  return { url: postgres.url(), home, stop }
}
