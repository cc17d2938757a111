import { element, find } from '../elements.js'

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
  const all = new Set(messages.flatMap(({ from, to }) => [from, to]))
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
const tellingOf = (values, frame) => frame ? '' : telling.filter(name => values.some(value => value.name === name || value.name.endsWith(`.${name}`))).join(' ')

const serverToServer = new Set(['token', 'userinfo', 'jwks', 'discovery', 'backchannel_logout'])

/**
 * One message: an arrow from lane to lane, what was asked above it and what was answered below. The drawing is decoration; what it says is
 * text too.
 * @param {Message} message
 * @param {string[]} parties
 */
export function arrowOf ({ from, to, method, path, endpoint, status, frame, faults, isInferred, parameters, answer }, parties) {
  const [start, end] = [parties.indexOf(from), parties.indexOf(to)]
  const direction = start === end ? 'itself' : start < end ? 'right' : 'left'
  // The attacker of the lessons has a browser, too.
  const channel = from === 'browser' || to === 'browser' || (from === 'evil' && !serverToServer.has(endpoint)) ? 'front' : 'back'
  const hasAnswer = !isInferred && (!frame || status >= 400)
  const isRefused = hasAnswer && (status >= 400 || status === 0)
  const arrow = element('span', { class: `arrow ${direction} ${channel}${isRefused ? ' refused' : ''}${isInferred ? ' inferred' : ''}` },
    element('span', { class: 'asked' },
      element('span', { class: 'way' }, `${names[from] ?? from} to ${names[to] ?? to}, ${isInferred ? 'not seen, inferred from the redirect' : `${channel} channel`}: `),
      element('b', {}, frame ? endpoint : `${method} ${inShort(path)}`), ' ', element('span', { class: 'values' }, tellingOf(parameters, frame)),
      ...faults.map(fault => element('span', { class: 'fault', title: fault }, ' ⚡', element('span', { class: 'visually-hidden' }, fault)))),
    element('span', { class: 'line' }),
    element('span', { class: 'answered' }, ...hasAnswer
      ? [element('span', { class: 'status' }, status === 0 ? 'broke off' : String(status)), ' ', element('span', { class: 'values' }, tellingOf(answer, frame))]
      : []))
  arrow.style.setProperty('--first', String(Math.min(start, end) + 1))
  arrow.style.setProperty('--span', String(Math.abs(end - start) + 1))
  return arrow
}
