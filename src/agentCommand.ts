/** Runs inside a workspace, with the environment that its driver made. */
export async function agentCommand(): Promise<number> {
  await import('./agent/main.ts')
  return 0
}
