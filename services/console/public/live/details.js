import { copyButton } from '../copy-button.js'
import { element } from '../elements.js'
import { textOnDemand } from '../long-text.js'

/** @import { Finding, Message, Value } from '../types.js' */
/** @import { Followed } from './followed-value.js' */
/** @import { Journey } from './journey.js' */

/**
 * What can be done from here.
 * @typedef {{
 *   pointAt: (value: Followed | undefined) => void, pin: (value: Followed) => void, open: (key: string) => void, close: () => void,
 *   onShown: () => void
 * }} Actions
 */

const tabs = /** @type {const} */ (['Story', 'Parameters', 'Headers', 'Tokens', 'Checks', 'Raw'])
/** @type {string} */
let chosenTab = 'Story'

/**
 * What a message says.
 * @param {HTMLElement} place
 * @param {Message} message
 * @param {Journey} journey to tell where else a value appears
 * @param {Actions} actions
 */
export function showDetails (place, message, journey, actions) {
  const findings = journey.findings.filter(finding => finding.message === message.key)
  const close = element('button', { type: 'button', 'aria-label': 'Close' }, '✕')
  close.addEventListener('click', actions.close)
  const panel = element('div', { role: 'tabpanel', tabindex: '0' })
  const buttons = tabs.map(name => element('button', { type: 'button', role: 'tab', 'aria-selected': 'false' }, name))
  const choose = (/** @type {string} */ name) => {
    chosenTab = name
    for (const button of buttons) {
      button.setAttribute('aria-selected', String(button.textContent === name))
      button.tabIndex = button.textContent === name ? 0 : -1
    }
    panel.setAttribute('aria-label', name)
    panel.replaceChildren(...contents[name]?.() ?? [])
    actions.onShown()
  }
  buttons.forEach((button, index) => {
    button.addEventListener('click', () => choose(button.textContent))
    button.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0
      if (step === 0) return
      const next = /** @type {HTMLButtonElement} */ (buttons.at((index + step) % buttons.length))
      choose(next.textContent)
      next.focus()
    })
  })

  const values = (/** @type {Value[]} */ list) => list.length === 0
    ? element('p', { class: 'seen' }, 'Nothing that is shown here.')
    : element('dl', {}, ...list.map(value => element('div', {},
      element('dt', {}, value.name), element('dd', {}, valueOf(value, actions), ' ', seenIn(value, message, journey, actions)))))
  /** @type {Record<string, () => Node[]>} */
  const contents = {
    Story: () => [element('p', {}, message.story),
      ...message.faults.map(fault => element('p', { class: 'fault' }, `⚡ ${fault} was switched on, and applied here.`)),
      ...message.violations.map(({ what, specification }) => element('p', { class: 'fault' }, `${what} `, element('a', { href: specification, target: '_blank', rel: 'noopener' }, 'where this is said'))),
      ...message.isInferred ? [] : [element('p', { class: 'seen' }, `Took ${Math.round(message.end - message.at)} ms. The lab's clock said ${message.time}.`)]],
    Parameters: () => [element('h3', {}, 'Asked'), values(message.parameters),
      ...message.isInferred ? [] : [element('h3', {}, `Answered ${message.status}`), values(message.answer)]],
    Headers: () => [element('h3', {}, 'Of the request'), headersOf(message.requestHeaders), element('h3', {}, 'Of the answer'), headersOf(message.answerHeaders)],
    Tokens: () => message.tokens.length === 0
      ? [element('p', {}, 'No token in this message.')]
      : message.tokens.flatMap(({ name, header, payload }) => [element('h3', {}, `${name}: header`), values(header), element('h3', {}, `${name}: payload`), values(payload)]),
    Checks: () => findings.length === 0 ? [element('p', {}, 'Nothing is to be checked in this message.')] : findings.toSorted((a, b) => Number(a.ok) - Number(b.ok)).map(findingOf),
    Raw: () => rawOf(message)
  }
  place.replaceChildren(
    element('header', {}, element('h2', {}, `${journey.numberOf(message)}. ${message.method} ${message.endpoint.replaceAll('_', ' ')}`), close),
    element('p', { class: 'seen' }, `${message.from} to ${message.to}`),
    element('div', { role: 'tablist', 'aria-label': 'What to see of it' }, ...buttons), panel)
  place.hidden = false
  choose(chosenTab)
}

const times = new Set(['iat', 'nbf', 'auth_time', 'exp'])

/**
 * @param {Value} value
 * @param {Actions} actions
 */
function valueOf ({ name, value, same }, { pointAt, pin }) {
  if (same === undefined) return textOnDemand(times.has(name) && typeof value === 'number' ? `${value} (${new Date(value * 1000).toLocaleString()})` : String(value))
  const button = element('button', { type: 'button', class: 'value', 'data-same': same, 'data-name': name, title: 'Follow it (F)' }, String(value))
  for (const event of ['pointerenter', 'focus']) button.addEventListener(event, () => pointAt({ name, same }))
  for (const event of ['pointerleave', 'blur']) button.addEventListener(event, () => pointAt(undefined))
  button.addEventListener('click', () => pin({ name, same }))
  return button
}

/**
 * Where a value was first, and where else.
 * @param {Value} value
 * @param {Message} message
 * @param {Journey} journey
 * @param {Actions} actions
 */
function seenIn ({ same, hash }, message, journey, { open }) {
  const note = element('span', { class: 'seen' })
  if (same === undefined) return note
  const link = (/** @type {{ key: string, number: number, tab: string }} */ { key, number, tab }) => {
    const button = element('button', { type: 'button', class: 'value', 'aria-label': `message ${number}` }, String(number))
    button.addEventListener('click', () => {
      chosenTab = tab
      open(key)
    })
    return button
  }
  const having = (/** @type {string} */ digest) => journey.having(digest).filter(other => other !== message).map(other => ({
    key: other.key,
    number: journey.numberOf(other),
    tab: [...other.parameters, ...other.answer].some(value => value.same === digest) ? 'Parameters' : 'Tokens'
  }))
  const numbers = having(same)
  const challenged = hash === undefined ? [] : having(hash)
  if (challenged.length > 0) {
    note.append('its SHA-256 is the code_challenge of ', ...challenged.map(link))
    return note
  }
  if (numbers.length === 0) {
    note.textContent = 'only here'
    return note
  }
  const own = journey.numberOf(message)
  const before = numbers.filter(({ number }) => number < own)
  note.append(before.length > 0 ? 'from ' : 'made here, again in ', ...numbers.map(link))
  return note
}

/**
 * Light the places of a value.
 * @param {HTMLElement} place
 * @param {string | undefined} same
 */
export function lightIn (place, same) {
  for (const value of place.querySelectorAll('.value[data-same]')) value.classList.toggle('lit', same !== undefined && value.getAttribute('data-same') === same)
}

/** @param {Record<string, string | string[]>} headers */
function headersOf (headers) {
  if (Object.keys(headers).length === 0) return element('p', { class: 'seen' }, 'Nothing that is shown here.')
  return element('dl', {}, ...Object.entries(headers).flatMap(([name, value]) => [value].flat().map(line =>
    element('div', {}, element('dt', {}, name), element('dd', {}, line)))))
}

/** @param {object} value */
const json = value => element('pre', {}, JSON.stringify(value, null, 2))

/**
 * A check: what is demanded, by whom, and whether it holds.
 * @param {Finding} finding
 */
function findingOf ({ name, by, demands, specification, ok, expected, found, outcome, mayGoOn }) {
  const who = by === 'provider' ? 'the provider' : 'the application'
  const reaction = outcome === 'accepted' ? mayGoOn ? `; ${who} went on, which it may` : `, and ${who} went on` : outcome === 'refused' ? `; ${who} refused it` : ''
  const verdict = ok ? '✓ holds' : `✗ does not hold${reaction}`
  return element('article', { class: `finding ${ok ? 'ok' : 'not-ok'}` },
    element('h3', {}, name.replaceAll('-', ' '), ' ', element('span', { class: 'verdict' }, verdict)),
    element('p', {}, demands),
    element('dl', {},
      element('div', {}, element('dt', {}, 'expected'), element('dd', {}, expected)),
      element('div', {}, element('dt', {}, 'found'), element('dd', {}, found))),
    element('p', { class: 'seen' }, `The ${by}’s duty: `, element('a', { href: specification.url, target: '_blank', rel: 'noopener' }, specification.section)))
}

/** @param {Message} message */
function rawOf ({ method, url, parameters, frame, status, answer, isInferred }) {
  if (frame) return [json(Object.fromEntries(parameters.map(({ name, value }) => [name, value])))]
  const query = parameters.map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
  const curl = method === 'GET'
    ? `curl -i '${url}${query.length > 0 ? `?${query.join('&')}` : ''}'`
    : [`curl -i '${url}'`, ...query.map(pair => `  --data '${pair}'`)].join(' \\\n')
  const text = element('pre', {}, curl)
  const isShortened = parameters.some(({ secret, value }) => secret && String(value).includes('…'))
  return [element('h3', {}, 'Request'), text, copyButton(text, 'Copy as curl'),
    ...isShortened ? [element('p', { class: 'seen' }, 'Secrets are shortened in it: with “show secrets” it is the whole call.')] : [],
    ...isInferred ? [] : [element('h3', {}, `Answer ${status}`), json(Object.fromEntries(answer.map(({ name, value }) => [name, value])))]]
}
