// One pool as a card: how full it is, what is under way, how many are wanted until when, and what holds it up.
import type { PrebuildPool } from '../contract/prebuilds.ts'
import type { Fragment } from './fragments.ts'
import { html, type Html } from './html.ts'
import { holdWords, windowWords } from './words.ts'

export function poolCard(pool: PrebuildPool, now: Date): Fragment {
  const id = `pool-${pool.preset_id}`
  return {
    id,
    html: html`<article id="${id}" class="card pool ${tone(pool)}">
      <h3><span class="of">${pool.template_name} / </span>${pool.preset_name}</h3>
      <p class="figure"><b>${pool.ready}</b><span class="of"> / ${pool.desired} ready</span></p>
      ${meter(pool)}
      <ul class="counts">
        <li>${pool.starting} starting</li>
        <li class="${pool.failed > 0 ? 'bad' : 'none'}">${pool.failed} failed</li>
      </ul>
      ${hold(pool)}
      <dl>
        <dt>Wanted now</dt><dd>${windowWords(pool, now)}</dd>
        <dt>Week</dt><dd>${pool.week}</dd>
        <dt>Version</dt><dd>${pool.template_version_name}</dd>
      </dl>
    </article>`,
  }
}

function tone({ ready, desired, hold: reason }: PrebuildPool): string {
  if (reason !== null) return 'held'
  return ready >= desired ? 'full' : 'filling'
}

function hold({ hold: reason }: PrebuildPool): Html | undefined {
  return reason === null ? undefined : html`<p class="hold">${holdWords(reason)}</p>`
}

/** Widths are attributes, which the content security policy allows where it refuses styles. */
function meter({ ready, starting, desired }: PrebuildPool): Html {
  const whole = Math.max(desired, ready + starting, 1)
  const width = (part: number): string => ((100 * part) / whole).toFixed(2)
  return html`<svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect class="whole" width="100" height="4" />
        <rect class="starting" width="${width(ready + starting)}" height="4" />
        <rect class="ready" width="${width(ready)}" height="4" />
      </svg>`
}
