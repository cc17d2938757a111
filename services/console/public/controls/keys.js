import { element, find } from '../elements.js'
import { callButton, curlDisclosure } from './calls.js'
import { KeyedList } from './keyed-list.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */
/** @import { Key, Schema } from './types.js' */

const stages = {
  current: 'signs now',
  next: 'waits for the next rotation',
  previous: 'has signed before'
}

/** What ID tokens are signed with. */
export class Keys {
  #lab
  #list
  #jwks = find('#keys .jwks', HTMLElement)
  #alg = element('select', { 'aria-label': 'Signature algorithm' })

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    const body = () => this.#alg.value === '' ? {} : { body: { alg: this.#alg.value } }
    const rotate = /** @returns {Call} */ () => ({ method: 'POST', path: '/keys/rotate', ...body() })
    const publish = /** @returns {Call} */ () => ({ method: 'PUT', path: '/keys/next', ...body() })
    const reset = /** @returns {Call} */ () => ({ method: 'DELETE', path: '/keys' })
    const { button, place } = curlDisclosure(lab, 'keys', () => [rotate(), publish(), reset()])
    find('#keys .bar', HTMLElement).replaceChildren(this.#alg,
      callButton(lab, 'Rotate now', rotate, { done: 'Another key signs from now on; the former stays published.' }),
      callButton(lab, 'Publish the next', publish, { done: 'The next key is published. It signs from the next rotation on.' }),
      callButton(lab, 'Put all keys back', reset, { done: 'The keys are those of the first start.', sure: 'All other keys are lost, and what they have signed is refused.' }), button, place)
    this.#list = new KeyedList(find('#keys .entries', HTMLElement), (/** @type {Key} */ { kid }) => kid, key => this.#rowOf(key))
  }

  /** Which algorithms there are, from the API's description. */
  async offerAlgorithms () {
    if (this.#alg.options.length > 0) return
    const { schema } = /** @type {{ schema: Schema }} */ (await this.#lab.schemaOf('/keys/rotate', 'post'))
    this.#alg.replaceChildren(...(schema.properties?.['alg']?.enum ?? []).map(alg => element('option', { value: String(alg) }, String(alg))))
  }

  /** @param {Pick<State, 'keys'>} state */
  show ({ keys }) {
    this.#list.show(keys)
    const text = JSON.stringify({ keys: keys.filter(({ published }) => published).map(({ jwk }) => jwk) }, null, 2)
    if (this.#jwks.textContent !== text) this.#jwks.textContent = text
  }

  /** @param {Key} key */
  #rowOf ({ kid, alg, stage, published }) {
    const path = `/keys/${encodeURIComponent(kid)}`
    const publish = /** @returns {Call} */ () => ({ method: 'PATCH', path, body: { published: !published } })
    const retire = /** @returns {Call} */ () => ({ method: 'DELETE', path })
    const { button, place } = curlDisclosure(this.#lab, kid, () => [publish(), ...stage === 'current' ? [] : [retire()]])
    return element('li', { 'data-kid': kid },
      element('div', {}, element('code', {}, kid), ' ', element('span', { class: 'badge' }, alg), ...published ? [] : [' ', element('span', { class: 'badge alert' }, 'not published')], element('p', { class: 'hint' }, stages[stage])),
      element('div', { class: 'buttons', role: 'group', 'aria-label': kid },
        callButton(this.#lab, published ? 'Unpublish' : 'Publish', publish, { name: `${published ? 'Unpublish' : 'Publish'} ${kid}` }),
        ...stage === 'current' ? [] : [callButton(this.#lab, 'Retire', retire, { name: `Retire ${kid}`, done: 'The key is retired.', sure: 'What it has signed is refused from then on, and it does not come back.' })],
        button), place)
  }
}
