// What a browser does when somebody signs in: it follows redirects, and keeps cookies for their host and path.
type Cookie = { name: string; value: string; host: string; path: string; line: string }

export type Answer = { status: number; url: string; location: string | null; text: string; headers: Headers }

export type Browser = {
  cookies: Cookie[]
  /** One request, without following where it leads. */
  ask(url: string): Promise<Answer>
  /** Follows redirects until something else is answered, or until one leads to a place that `stop` accepts. */
  go(url: string, stop?: (location: string) => boolean): Promise<Answer>
}

const MAX_REDIRECTS = 12

export function newBrowser(): Browser {
  const cookies: Cookie[] = []
  const ask = async (url: string): Promise<Answer> => {
    const { host, pathname } = new URL(url)
    const sent = cookies.filter((c) => c.host === host && (`${pathname}/`.startsWith(`${c.path}/`) || c.path === '/'))
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } })
    for (const line of response.headers.getSetCookie()) keep(cookies, host, line)
    const location = response.headers.get('location')
    return {
      status: response.status,
      url,
      location: location === null ? null : new URL(location, url).href,
      text: await response.text(),
      headers: response.headers,
    }
  }
  return {
    cookies,
    ask,
    async go(url, stop = () => false) {
      let answer = await ask(url)
      for (let n = 0; answer.location !== null && !stop(answer.location); n++) {
        if (n >= MAX_REDIRECTS) throw new Error(`redirected in circles at ${answer.url}`)
        answer = await ask(answer.location)
      }
      return answer
    },
  }
}

function keep(cookies: Cookie[], host: string, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/.exec(pair) ?? []
  const find = (key: string) => attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.split('=')[1]
  const path = find('path') ?? '/'
  const same = cookies.findIndex((cookie) => cookie.name === name && cookie.host === host && cookie.path === path)
  if (same >= 0) cookies.splice(same, 1)
  const expires = find('expires')
  if (expires !== undefined && new Date(expires) <= new Date()) return
  cookies.push({ name, value, host, path, line })
}
