import pino, { type DestinationStream, type Logger } from 'pino'

/** Never in the clear, wherever they stand in what is logged. */
const SECRETS = ['token', 'password', 'secret', 'authorization', 'cookie', 'session_token', 'tokenSealed', 'tokenHash']

export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: '[redacted]' },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
