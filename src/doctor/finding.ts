export type Status = 'ok' | 'warning' | 'failed'

/** What one check saw; the hint says what to do about it. Neither ever holds a secret. */
export type Finding = { check: string; status: Status; message: string; hint?: string }

export function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message }
}

export function warning(check: string, message: string, hint: string): Finding {
  return { check, status: 'warning', message, hint }
}

export function failed(check: string, message: string, hint: string): Finding {
  return { check, status: 'failed', message, hint }
}

/** The worst of them. */
export function overall(findings: readonly Finding[]): Status {
  if (findings.some(({ status }) => status === 'failed')) return 'failed'
  return findings.some(({ status }) => status === 'warning') ? 'warning' : 'ok'
}
