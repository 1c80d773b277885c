// <live-view src="/events"> keeps what is inside it as the server sees it; everything else of the page stays.

const RETRY_MS = 3000

/** What the header says of the connection. */
const STATES = { live: 'Live', reconnecting: 'Reconnecting…', lost: 'Not connected; trying again' }

/** @param {keyof typeof STATES} state */
function showState(state) {
  const place = document.getElementById('connection')
  if (!place || place.dataset.state === state) return
  place.dataset.state = state
  place.textContent = STATES[state]
}

/**
 * Each element of `swap` takes the place of the one with its id, or one in a list; `lists` says what each list holds.
 * @param {{swap: string[], lists: Record<string, string[]>}} change
 */
function apply({ swap, lists }) {
  const fresh = new Map()
  for (const text of swap) {
    const template = document.createElement('template') // one each: a table row is dropped after anything but its like
    template.innerHTML = text
    const element = template.content.firstElementChild
    const old = document.getElementById(element.id)
    if (!old) fresh.set(element.id, element)
    else if (!old.isEqualNode(element)) old.replaceWith(element)
  }
  for (const [id, ids] of Object.entries(lists)) {
    const list = document.getElementById(id)
    const items = ids.map((item) => document.getElementById(item) ?? fresh.get(item)).filter(Boolean)
    if (!list || (list.children.length === items.length && items.every((item, at) => item === list.children[at])))
      continue
    list.replaceChildren(...items)
  }
}

class LiveView extends HTMLElement {
  /** @type {EventSource | undefined} */
  #source
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry

  connectedCallback() {
    const source = new EventSource(this.getAttribute('src') ?? '')
    this.#source = source
    source.addEventListener('open', () => showState('live'))
    source.addEventListener('change', (event) => apply(JSON.parse(event.data)))
    source.addEventListener('error', () => {
      if (source.readyState !== EventSource.CLOSED) return showState('reconnecting')
      // The browser gives up after any answer but 200: a full server, a proxy without one, or the end of the session.
      showState('lost')
      this.#retry = setTimeout(() => void this.#again(), RETRY_MS)
    })
  }

  disconnectedCallback() {
    clearTimeout(this.#retry)
    this.#source?.close()
  }

  async #again() {
    const page = await fetch(location.href).catch(() => undefined)
    if (page?.status === 401) location.reload()
    else if (this.isConnected) this.connectedCallback()
  }
}

customElements.define('live-view', LiveView)
