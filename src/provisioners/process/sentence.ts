/** What an operator can act on, for the errors that a full or closed disk and an exhausted host cause. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `The workspace could not be provisioned: ${String(error)}`
  const code = 'code' in error ? error.code : undefined
  const where = placeOf(error)
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk of the workspaces is full${where}: free some space and start the workspace again.`
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `Permission denied${where}: the worker cannot write there, or the workspace's user cannot reach it.`
    case 'EMFILE':
    case 'ENFILE':
    case 'EAGAIN':
    case 'ENOMEM':
      return `This host has no room for another process (${code}): stop some workspaces or raise its limits.`
    default:
      return `The workspace could not be provisioned: ${error.message}`
  }
}

/** A copy names its source as `path`; what is full or closed is where it was to go. */
function placeOf(error: Error): string {
  if ('dest' in error && typeof error.dest === 'string') return ` (${error.dest})`
  return 'path' in error && typeof error.path === 'string' ? ` (${error.path})` : ''
}
