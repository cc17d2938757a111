import { element, find } from '../elements.js'
import { curlDisclosure } from './calls.js'
import { KeyedList } from './keyed-list.js'
import { whomOf } from './on-now.js'
import { SchemaFields } from './schema-fields.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */
/** @import { ActiveFault, FaultInCatalogue } from './types.js' */

const duties = {
  refuse: 'must refuse it',
  succeed: 'must cope with it',
  retry: 'may try again',
  may: 'may refuse it or cope'
}

/** The catalogue of faults: what each does, what a relying party must do, and its switch. */
export class Faults {
  #lab
  #search = find('#faults input[type=search]', HTMLInputElement)
  #client = find('#faults .client', HTMLSelectElement)
  #user = find('#faults .user', HTMLSelectElement)
  #times = find('#faults .times', HTMLInputElement)
  #seconds = find('#faults .seconds', HTMLInputElement)
  #chips = find('#faults .groups', HTMLElement)
  #place = find('#faults .catalogue', HTMLElement)
  #empty = find('#faults .empty', HTMLElement)
  #group = ''
  /** @type {Map<string, Row>} */
  #rows = new Map()
  #abort = new AbortController()

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    this.#place.replaceChildren(element('p', { class: 'loading' }, 'Loading…'))
    this.#chips.replaceChildren()
    const { signal } = this.#abort
    this.#search.addEventListener('input', () => this.#filter(), { signal })
    for (const input of [this.#client, this.#user, this.#times, this.#seconds]) input.addEventListener('input', () => this.#sayHow(), { signal })
  }

  /** Another one takes over. */
  leave () {
    this.#abort.abort()
  }

  /** @param {State} state */
  show ({ groups, faults, active, clients, users }) {
    offer(this.#client, clients.map(({ client_id: id }) => id))
    offer(this.#user, users.map(({ username }) => username))
    if (this.#rows.size === 0) this.#build(groups, faults)
    for (const [name, row] of this.#rows) row.show(active.filter(({ fault }) => fault === name))
  }

  /**
   * @param {State['groups']} groups
   * @param {FaultInCatalogue[]} faults
   */
  #build (groups, faults) {
    const how = { scope: () => this.#scope(), times: () => this.#times.valueAsNumber || 1, seconds: () => this.#seconds.valueAsNumber, isReadable: () => this.#times.reportValidity() && this.#seconds.reportValidity() }
    this.#rows = new Map(faults.map(fault => [fault.name, new Row(this.#lab, fault, how)]))
    this.#place.replaceChildren(...groups.map(({ name, title }) => element('section', { 'data-group': name, 'aria-labelledby': `group-${name}` }, element('h3', { id: `group-${name}` }, title),
      element('ul', {}, ...[...this.#rows.values()].filter(({ fault }) => fault.group === name).map(row => row.element)))))
    this.#chips.replaceChildren(...[{ name: '', title: 'All' }, ...groups].map(({ name, title }) => {
      const count = name === '' ? faults.length : faults.filter(({ group }) => group === name).length
      const chip = element('button', { type: 'button', 'data-group': name, 'aria-pressed': String(name === '') }, `${title} `, element('small', {}, String(count)))
      chip.addEventListener('click', () => {
        this.#group = name
        this.#filter()
      })
      return chip
    }))
    this.#sayHow()
    this.#filter()
  }

  #scope () {
    return { ...(this.#client.value !== '' && { client_id: this.#client.value }), ...(this.#user.value !== '' && { username: this.#user.value }) }
  }

  #sayHow () {
    for (const row of this.#rows.values()) row.sayHow()
  }

  #filter () {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(word => word !== '')
    for (const { fault, element: row, text } of this.#rows.values()) {
      row.hidden = (this.#group !== '' && fault.group !== this.#group) || !words.every(word => text.includes(word))
    }
    for (const section of this.#place.querySelectorAll('section')) section.hidden = [...section.querySelectorAll('li.fault-row')].every(row => row instanceof HTMLElement && row.hidden)
    for (const chip of this.#chips.querySelectorAll('button')) chip.setAttribute('aria-pressed', String(chip.dataset['group'] === this.#group))
    const found = [...this.#rows.values()].filter(({ element: row }) => !row.hidden).length
    this.#empty.hidden = found > 0
    find('#faults .found', HTMLElement).textContent = `${found} of ${this.#rows.size} faults`
  }
}

/** @typedef {{ scope: () => { client_id?: string, username?: string }, times: () => number, seconds: () => number, isReadable: () => boolean }} How */

/** One fault. */
class Row {
  #lab
  #how
  #parameters
  #buttons
  #whom = element('p', { class: 'hint' })
  #active
  element
  fault
  text

  /**
   * @param {Lab} lab
   * @param {FaultInCatalogue} fault
   * @param {How} how
   */
  constructor (lab, fault, how) {
    this.#lab = lab
    this.fault = fault
    this.#how = how
    this.#parameters = fault.parameters && new SchemaFields(fault.parameters, {})
    this.text = [fault.name, fault.title, fault.does, fault.mustDo, fault.specification.section, fault.conformance ?? ''].join(' ').toLowerCase()
    this.#buttons = /** @type {const} */ (['once', 'times', 'until off']).map(often => this.#switch(often))
    const { button, place } = curlDisclosure(lab, fault.title, () => {
      const calls = this.#buttons.map(({ call }) => call({ isQuiet: true })).filter(call => call !== undefined)
      // Once and one time are the same.
      return calls.filter((call, index) => calls.findIndex(other => JSON.stringify(other) === JSON.stringify(call)) === index)
    })
    const list = element('ul', { class: 'active', 'aria-label': `${fault.title}: how it is on` })
    this.#active = new KeyedList(list, (/** @type {ActiveFault} */ { id }) => id, active => element('li', {}, `On for ${whomOf(active)}${active.remaining === undefined ? '' : `, ${active.remaining} left`}`))
    this.element = element('li', { class: 'fault-row', 'data-fault': fault.name },
      element('div', { class: 'what' }, element('h4', {}, fault.title), element('code', {}, fault.name), list),
      element('dl', {}, element('div', {}, element('dt', {}, 'On the wire'), element('dd', {}, fault.does)),
        element('div', {}, element('dt', {}, 'A relying party ', element('strong', { class: fault.outcome }, duties[fault.outcome])), element('dd', {}, `${fault.mustDo} `,
          element('a', { href: fault.specification.url, target: '_blank', rel: 'noopener' }, fault.specification.section),
          ...fault.conformance === undefined ? [] : [element('small', { class: 'hint' }, ` tested by ${fault.conformance}`)]))),
      element('div', { class: 'switches' }, ...this.#parameters ? [this.#parameters.element] : [],
        element('div', { role: 'group', 'aria-label': `Switch on: ${fault.title}` }, ...this.#buttons.map(({ button }) => button), button), this.#whom), place)
  }

  /** @param {'once' | 'times' | 'until off'} often */
  #switch (often) {
    const button = element('button', { type: 'button', 'data-often': often })
    /** @param {{ isQuiet?: boolean }} [options] @returns {Call | undefined} */
    const call = options => {
      const parameters = this.#parameters?.read(options)
      if (this.#parameters && !parameters) return undefined
      const seconds = this.#how.seconds()
      return {
        method: 'PUT',
        path: `/faults/${this.fault.name}`,
        body: {
          ...this.#how.scope(),
          ...(often === 'once' && { count: 1 }),
          ...(often === 'times' && { count: this.#how.times() }),
          ...(seconds > 0 && { expiresIn: seconds }),
          ...(parameters && { parameters })
        }
      }
    }
    button.addEventListener('click', async () => {
      if (button.getAttribute('aria-disabled') === 'true' || !this.#how.isReadable()) return
      const made = call()
      if (!made) return
      const answer = await this.#lab.run(made)
      if (answer) this.#lab.say(`${this.fault.title}: on for ${whomOf(answer)}.${answer.cannotShowYet === undefined ? '' : ` It will not show yet. ${answer.cannotShowYet}`}`)
    })
    return { button, often, call }
  }

  /** Say what a click would do. */
  sayHow () {
    const scope = this.#how.scope()
    const unlimited = Object.keys(scope).filter(name => !this.fault.scopes.includes(name))
    for (const { button, often } of this.#buttons) {
      const label = often === 'times' ? `${this.#how.times()}×` : often === 'once' ? 'Once' : 'Until off'
      if (button.textContent !== label) button.textContent = label
      button.setAttribute('aria-label', `${label}: ${this.fault.title}, for ${whomOf(scope)}`)
      button.setAttribute('aria-disabled', String(unlimited.length > 0))
    }
    this.#whom.textContent = unlimited.length > 0 ? 'Only for everybody: the request does not tell who asks.' : ''
  }

  /** @param {ActiveFault[]} active */
  show (active) {
    this.element.classList.toggle('is-on', active.length > 0)
    this.#active.show(active)
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {string[]} names
 */
function offer (select, names) {
  if ([...select.options].slice(1).map(({ value }) => value).join('\n') === names.join('\n')) return
  const { value } = select
  select.replaceChildren(...[...select.options].slice(0, 1), ...names.map(name => element('option', { value: name }, name)))
  select.value = names.includes(value) ? value : ''
  // What it is set to now is not what it was.
  if (select.value !== value) select.dispatchEvent(new Event('input'))
}
