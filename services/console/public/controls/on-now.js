import { aheadInWords } from '../clock-offset.js'
import { element, find } from '../elements.js'
import { isPermissive, letPassInWords } from '../let-off.js'
import { callButton, curlDisclosure } from './calls.js'
import { KeyedList } from './keyed-list.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */
/** @import { ActiveFault, Client } from './types.js' */

/** @typedef {{ key: string, active?: ActiveFault, title?: string, gone?: { title: string, whom: string, seenAt: string | undefined }, permissive?: Client, ahead?: number }} Entry */

// Of what was applied, an exchange comes into the ledger once it has ended.
const lookAgainMs = 70_000
const maxGone = 3

/** What is out of the ordinary just now, and off again. */
export class OnNow {
  #lab
  #list
  /** @type {Map<string, { active: ActiveFault, title: string, seenAt: string | undefined, used: State['used'], since: number }>} */
  #gone = new Map()
  /** @type {readonly ActiveFault[]} */
  #before = []
  #empty = find('.on-now .empty', HTMLElement)
  #all = find('.on-now .all', HTMLElement)
  /** @type {Set<string>} */
  #switchedOffHere = new Set()

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    const { button, place } = curlDisclosure(lab, 'all faults off', () => [allOff])
    this.#all.replaceChildren(callButton(lab, 'All faults off', () => {
      for (const { id } of this.#before) this.#switchedOffHere.add(id)
      return allOff
    }, { done: 'All faults are off.' }), button, place)
    this.#list = new KeyedList(find('.on-now ul', HTMLElement), (/** @type {Entry} */ { key }) => key, entry => this.#rowOf(entry))
  }

  /** @param {State} state */
  async show (state) {
    const { active, clients, clock, faults } = state
    const titleOf = (/** @type {string} */ name) => faults.find(fault => fault.name === name)?.title ?? name
    for (const fault of this.#before) {
      if (active.some(({ id }) => id === fault.id) || this.#switchedOffHere.delete(fault.id)) continue
      // What is switched on anew takes the place of what was.
      if (active.some(other => other.fault === fault.fault && whomOf(other) === whomOf(fault))) continue
      this.#gone.set(fault.id, { active: fault, title: titleOf(fault.fault), seenAt: undefined, used: state.used, since: performance.now() })
    }
    this.#before = active
    for (const key of [...this.#gone.keys()].slice(0, -maxGone)) this.#gone.delete(key)
    await Promise.all([...this.#gone.values()].map(async gone => {
      if (gone.seenAt !== undefined || performance.now() - gone.since > lookAgainMs) return
      if (await gone.used(gone.active)) gone.seenAt = await this.#lab.journeyWith(gone.active.fault)
    }))

    /** @type {Entry[]} */
    const entries = [
      ...active.map(fault => ({ key: fault.id, active: fault, title: titleOf(fault.fault) })),
      ...clients.filter(isPermissive).map(client => ({ key: `permissive ${client.client_id}`, permissive: client })),
      ...Math.round(clock.offsetSeconds) === 0 ? [] : [{ key: 'clock', ahead: clock.offsetSeconds }],
      ...[...this.#gone].map(([key, { active: fault, title, seenAt }]) => ({ key: `gone ${key}`, gone: { title, whom: whomOf(fault), seenAt }, active: fault }))
    ]
    this.#list.show(entries)
    this.#empty.textContent = entries.length > 0 ? '' : 'Nothing: the provider is strict, correct, and on time.'
    this.#all.hidden = active.length === 0
  }

  /** @param {Entry} entry */
  #rowOf ({ key, active, title, gone, permissive, ahead }) {
    if (gone && active) {
      const close = element('button', { type: 'button', 'aria-label': `Do not show ${gone.title} any more` }, '✕')
      close.addEventListener('click', () => {
        this.#gone.delete(active.id)
        this.#lab.refresh()
      })
      return element('li', { class: 'gone', 'data-fault': active.fault }, element('span', {}, element('strong', {}, gone.title), ` for ${gone.whom}: `,
        ...gone.seenAt === undefined ? ['is not on any more.'] : ['was applied, and is used up. ', element('a', { href: gone.seenAt }, 'See it in the live view')]), close)
    }
    if (active) {
      const off = () => {
        this.#switchedOffHere.add(active.id)
        return offCall(active)
      }
      return this.#entry('⚡', title ?? '', [`for ${whomOf(active)}, ${untilOf(active)}`], off, { label: 'Off', name: `Switch off: ${title} for ${whomOf(active)}`, call: () => offCall(active), note: active.cannotShowYet, fault: active.fault })
    }
    if (permissive) {
      const call = /** @returns {Call} */ () => ({ method: 'PATCH', path: `/clients/${encodeURIComponent(permissive.client_id)}`, body: { permissive: false } })
      return this.#entry('◌', `${permissive.client_id} is permissive`, [letPassInWords(permissive)], call, { label: 'Strict again', name: `Have ${permissive.client_id} strict again`, call })
    }
    const call = /** @returns {Call} */ () => ({ method: 'DELETE', path: '/clock' })
    return this.#entry('◷', `The clock is ${aheadInWords(ahead ?? 0)}`, [], call, { label: 'Back to now', name: 'Put the clock back to now', call }, key)
  }

  /**
   * @param {string} sign
   * @param {string} title
   * @param {string[]} what
   * @param {() => Call} run
   * @param {{ label: string, name: string, call: () => Call, note?: string | undefined, fault?: string }} off
   * @param {string} [key]
   */
  #entry (sign, title, what, run, { label, name, call, note, fault }, key) {
    const { button, place } = curlDisclosure(this.#lab, name, () => [call()])
    return element('li', { ...(fault !== undefined && { 'data-fault': fault }), ...(key !== undefined && { class: key }) },
      element('span', {}, element('span', { 'aria-hidden': 'true' }, `${sign} `), element('strong', {}, title), ' ', ...what,
        ...note === undefined ? [] : [element('small', { class: 'note' }, note)]),
      callButton(this.#lab, label, run, { name }), button, place)
  }
}

/** @type {Call} */
const allOff = { method: 'DELETE', path: '/faults' }

/**
 * The call that ends one switch of a fault, and no other one of it.
 * @param {ActiveFault} active
 * @returns {Call}
 */
const offCall = ({ fault, client_id: client, username }) => {
  const scope = new URLSearchParams({ ...(client !== undefined && { client_id: client }), ...(username !== undefined && { username }) })
  return { method: 'DELETE', path: `/faults/${fault}${scope.size > 0 ? `?${scope}` : ''}` }
}

/** @param {{ client_id?: string, username?: string }} who */
export const whomOf = ({ client_id: client, username }) => [username, client].filter(name => name !== undefined).join(' at ') || 'everybody'

/** @param {ActiveFault} active */
function untilOf ({ remaining, expiresAt }) {
  const often = remaining === undefined ? 'until it is switched off' : remaining === 1 ? 'once' : `${remaining} times`
  return expiresAt === undefined ? often : `${often}, at the latest ${new Date(expiresAt).toLocaleTimeString()}`
}
