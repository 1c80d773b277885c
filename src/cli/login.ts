import { text } from 'node:stream/consumers'
import { ApiError, createClient } from '../contract/client.ts'
import { getUser, signInWithLink, signInWithPassword } from '../contract/users.ts'
import { signInByBrowser } from './browserSignIn.ts'
import type { Define } from './commands.ts'
import { findConnection, normaliseUrl, userFile } from './connection.ts'
import { storeCredentials } from './credentials.ts'
import { CliFailure, EXIT, usage } from './failure.ts'
import { withExamples } from './program.ts'
import { readPassword } from './secret.ts'
import type { Session } from './session.ts'

/** Where `daybreak up` listens. */
const DEFAULT_URL = 'http://127.0.0.1:7080'

export const login: Define = (command, session) => {
  command
    .argument('[url]', 'the server (default: the one in use, or the one on this machine)')
    .option('--browser', 'make a token on a page of the server (the default on a terminal)')
    .option('--link <link>', 'a one-time sign-in link, or the token in it')
    .option('--username <name>', 'your name or mail address, to sign in by password')
    .option('--password <->', 'read the password from stdin (default: ask for it)')
    .addHelpText('after', '\nGive a token with --token; --token - reads it from stdin, where no other process sees it.')
    .action((url: string | undefined, options: Omit<Options, 'url'>) => signIn(session, { ...options, url }))
  withExamples(command, [
    'daybreak login https://daybreak.example.com',
    'daybreak login https://daybreak.example.com --username ana',
    'daybreak login https://daybreak.example.com --username ana --password - < password.txt',
    'daybreak login https://daybreak.example.com --token - < token.txt',
    "daybreak login --link 'http://127.0.0.1:7080/sign-in?token=…'",
  ])
}

type Options = { url?: string | undefined; browser?: true; link?: string; username?: string; password?: string }

async function signIn(session: Session, { url, browser, link, ...account }: Options): Promise<void> {
  const { output, flags, environment } = session
  const isByPassword = account.username !== undefined || account.password !== undefined
  const ways = [
    browser === true && '--browser',
    link !== undefined && '--link',
    flags.token !== undefined && '--token',
    isByPassword && '--username',
  ]
  const chosen = ways.filter((way) => way !== false)
  if (chosen.length > 1) throw usage(`Give either ${chosen.join(' or ')}, not both.`)
  if (chosen.length === 0 && !process.stdin.isTTY) throw howToSignIn()
  const parsed = link === undefined ? undefined : parseLink(link)
  const origin = normaliseUrl(url ?? flags.url ?? parsed?.url ?? findConnection({}, environment)?.url ?? DEFAULT_URL)
  session.server = { url: origin }
  const token = parsed
    ? (await createClient(origin)(signInWithLink, { body: { token: parsed.token } })).session_token
    : flags.token !== undefined
      ? await readToken(flags.token)
      : isByPassword
        ? await signInByPassword(origin, account)
        : await signInByBrowser(session, origin)
  const user = await whoHas(token, origin)
  const file = userFile(environment)
  storeCredentials(file, { url: origin, token })
  if (isExposed(origin)) output.note(output.tint('yellow', 'The token travels in clear: this address is not https.'))
  if (environment.url || environment.token) {
    output.note(output.tint('yellow', 'DAYBREAK_URL or DAYBREAK_TOKEN is set here and comes before what was stored.'))
  }
  output.answer({ url: origin, username: user.username, file }, () => `Signed in at ${origin} as ${user.username}.`)
}

async function signInByPassword(
  origin: string,
  { username, password: given }: Pick<Options, 'username' | 'password'>,
): Promise<string> {
  if (username === undefined) throw usage('Say whose password it is.', 'Add --username NAME')
  const password = await readPassword(given, { prompt: `Password of ${username}` })
  return (await createClient(origin)(signInWithPassword, { body: { email: username, password } })).session_token
}

/** The token is the link's last part, wherever the page that it opens expects it. */
export function parseLink(link: string): { url: string | undefined; token: string } {
  if (!URL.canParse(link) || !/^https?:/.test(link)) return { url: undefined, token: link.trim() }
  const { origin, pathname, searchParams, hash } = new URL(link)
  const token =
    searchParams.get('token') ??
    new URLSearchParams(hash.slice(1)).get('token') ??
    (hash.slice(1) || pathname.split('/').findLast(Boolean))
  if (!token) throw usage('There is no token in this link.', 'Copy all of it, from http to its end.')
  return { url: origin, token }
}

async function whoHas(token: string, origin: string): Promise<{ username: string }> {
  try {
    return await createClient(origin, token)(getUser, { params: { user: 'me' } })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error
    throw new CliFailure(`${origin} does not know this token, or it has ended.`, {
      exitCode: EXIT.signedOut,
      detail: 'Copy all of it, ten characters before the dash and those behind it, or make a new one.',
      cause: error,
    })
  }
}

async function readToken(flag: string): Promise<string> {
  const token = flag === '-' ? (await text(process.stdin)).trim() : flag.trim()
  if (!token) throw usage('The token is empty.')
  return token
}

function howToSignIn(): Error {
  return usage(
    'There is no terminal here to paste a token on.',
    'Give a token with --token -, a one-time link with --link, or --username and --password -.',
  )
}

function isExposed(origin: string): boolean {
  const { protocol, hostname } = new URL(origin)
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
