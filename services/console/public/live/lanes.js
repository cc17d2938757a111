import { copyOf, element, find } from '../elements.js'

/** @import { Message, Value } from '../types.js' */

/** @type {{ party: string, name: string }[]} the console's own, from left to right; applications outside the lab are at the one without a name */
const lanes = JSON.parse(find('.parties', HTMLElement).dataset['lanes'] ?? '[]')

/** @type {Record<string, string | undefined>} */
const names = Object.fromEntries(lanes.map(({ party, name }) => [party, name]))

/**
 * Whoever takes part, from left to right.
 * @param {Message[]} messages
 */
export function partiesOf (messages) {
  /** @type {Set<string>} */
  const all = new Set()
  for (const { from, to } of messages) all.add(from).add(to)
  const others = [...all].filter(party => names[party] === undefined)
  return lanes.flatMap(({ party }) => party === '' ? others : all.has(party) ? [party] : [])
}

/**
 * @param {HTMLElement} heads
 * @param {string[]} parties
 */
export function showParties (heads, parties) {
  heads.replaceChildren(...parties.map(party => names[party] === undefined
    ? element('span', { class: 'outside' }, party, element('small', {}, party === 'unknown' ? 'not known' : 'application outside the lab'))
    : element('span', {}, names[party] ?? '')))
}

// Of which attempt at a lesson it is says nothing either.
/** @param {string} path */
const inShort = path => path.replace(/^\/(?:a\/[0-9a-f]{12}|realms\/lesson-[0-9a-f]{12})(?=\/)/, '').replace(/[^/]{24,}/g, part => `${part.slice(0, 6)}…`)

// What makes a flow the flow that it is: worth its place on the arrow.
const telling = ['code', 'state', 'nonce', 'iss', 'code_challenge', 'code_verifier', 'request_uri', 'access_token', 'id_token', 'refresh_token', 'logout_token', 'id_token_hint', 'error']

/**
 * Of messages on a WebSocket none: there a code is a status.
 * @param {Value[]} values
 * @param {Message['frame']} frame
 */
function tellingOf (values, frame) {
  if (frame) return ''
  const names = new Set(values.map(({ name }) => name.slice(name.lastIndexOf('.') + 1)))
  return telling.filter(name => names.has(name)).join(' ')
}

const serverToServer = new Set(['token', 'userinfo', 'jwks', 'discovery', 'backchannel_logout'])

/**
 * Messages as arrows from lane to lane, with what was asked above the line and what was answered below. The drawing is decoration; what it
 * says is text too.
 */
export class Arrows {
  /**
   * Arrows that other ones are copies of, by their lanes and shape.
   * @type {Map<string, HTMLElement>}
   */
  #originals = new Map()
  /** @type {Map<Message, HTMLElement>} */
  #prepared = new Map()

  /** @param {string[]} parties whoever takes part, from left to right */
  constructor (parties) {
    this.parties = parties
  }

  /**
   * Those for these parties, which are the same if nobody else takes part.
   * @param {string[]} parties
   */
  for (parties) {
    return parties.join() === this.parties.join() ? this : new Arrows(parties)
  }

  /** @param {Message[]} messages of which some are perhaps drawn already */
  prepare (messages) {
    for (const message of messages) if (!this.#prepared.has(message)) this.#prepared.set(message, this.#draw(message))
  }

  /** @param {Message} message */
  of (message) {
    const prepared = this.#prepared.get(message)
    this.#prepared.delete(message)
    return prepared ?? this.#draw(message)
  }

  /** @param {Message} message */
  #draw ({ from, to, method, path, endpoint, status, frame, faults, isInferred, parameters, answer }) {
    // The attacker of the lessons has a browser, too.
    const channel = from === 'browser' || to === 'browser' || (from === 'evil' && !serverToServer.has(endpoint)) ? 'front' : 'back'
    const hasAnswer = !isInferred && (!frame || status >= 400)
    const isRefused = hasAnswer && (status >= 400 || status === 0)
    const arrow = copyOf(this.#originalOf(from, to, `${channel}${isRefused ? ' refused' : ''}${isInferred ? ' inferred' : ''}`, hasAnswer), {
      '.way': `${names[from] ?? from} to ${names[to] ?? to}, ${isInferred ? 'not seen, inferred from the redirect' : `${channel} channel`}: `,
      b: frame ? endpoint : `${method} ${inShort(path)}`,
      '.asked .values': tellingOf(parameters, frame),
      ...(hasAnswer && { '.status': status === 0 ? 'broke off' : String(status), '.answered .values': tellingOf(answer, frame) })
    })
    arrow.querySelector('.asked')?.append(...faults.map(fault =>
      element('span', { class: 'fault', title: fault }, ' ⚡', element('span', { class: 'visually-hidden' }, fault))))
    return arrow
  }

  /**
   * @param {string} from
   * @param {string} to
   * @param {string} kind
   * @param {boolean} hasAnswer
   */
  #originalOf (from, to, kind, hasAnswer) {
    const key = JSON.stringify([from, to, kind, hasAnswer])
    const known = this.#originals.get(key)
    if (known) return known
    const [start, end] = [this.parties.indexOf(from), this.parties.indexOf(to)]
    const direction = start === end ? 'itself' : start < end ? 'right' : 'left'
    const original = element('span', { class: `arrow ${direction} ${kind}` },
      element('span', { class: 'asked' },
        element('span', { class: 'way' }), element('b'), ' ', element('span', { class: 'values' })),
      element('span', { class: 'line' }),
      element('span', { class: 'answered' }, ...hasAnswer ? [element('span', { class: 'status' }), ' ', element('span', { class: 'values' })] : []))
    original.style.setProperty('--first', String(Math.min(start, end) + 1))
    original.style.setProperty('--span', String(Math.abs(end - start) + 1))
    this.#originals.set(key, original)
    return original
  }
}
