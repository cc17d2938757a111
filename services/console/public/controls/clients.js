import { element, find } from '../elements.js'
import { isPermissive } from '../let-off.js'
import { textOnDemand } from '../long-text.js'
import { callButton, curlDisclosure } from './calls.js'
import { editEntry } from './entry-editor.js'
import { KeyedList } from './keyed-list.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */
/** @import { Client } from './types.js' */

/** @param {{ client_id: string }} client */
const pathOf = ({ client_id: id }) => `/clients/${encodeURIComponent(id)}`

/** The registered clients, and for which of them strictness is off. */
export class Clients {
  #lab
  /** @type {Client[]} */
  #clients = []
  #list
  #rules = find('#clients .rules', HTMLElement)
  #empty = find('#clients .empty', HTMLElement)

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    const add = element('button', { type: 'button', class: 'primary' }, 'Register a client')
    add.addEventListener('click', () => editEntry(lab, { path: '/clients', key: 'client_id', title: 'Register a client' }).catch(error => lab.say(error.message, undefined, true)))
    const reset = /** @returns {Call} */ () => ({ method: 'DELETE', path: '/clients' })
    const { button, place } = curlDisclosure(lab, 'clients', () => [{ method: 'GET', path: '/clients' }, reset()])
    find('#clients .bar', HTMLElement).replaceChildren(add,
      callButton(lab, 'Put all clients back', reset, { done: 'The clients are those of the first start.', sure: 'All that was added or changed of the clients is lost.' }), button, place)
    this.#list = new KeyedList(find('#clients .entries', HTMLElement), (/** @type {Client} */ { client_id: id }) => id, client => this.#rowOf(client))
    this.#rules.replaceChildren()
  }

  /** @param {State} state */
  show ({ clients, rules }) {
    this.#clients = clients
    this.#list.show(clients)
    this.#empty.hidden = clients.length > 0
    if (this.#rules.childElementCount === 0) {
      this.#rules.replaceChildren(...rules.map(({ name, refused, instead, specification }) => element('li', {}, element('code', {}, name),
        element('p', {}, element('strong', {}, 'Refused: '), `${refused} `, element('a', { href: specification, target: '_blank', rel: 'noopener', 'aria-label': `Where ${name} is said` }, 'where this is said')),
        element('p', {}, element('strong', {}, 'Let pass: '), instead))))
    }
  }

  /** @param {Client} client */
  #rowOf (client) {
    const { client_id: id, client_name: name, permissive, token_endpoint_auth_method: method, redirect_uris: uris } = client
    const { client_id: _id, ...fields } = client
    const isOn = isPermissive(client)
    const rules = typeof permissive === 'boolean' ? [] : permissive
    const toggle = /** @returns {Call} */ () => ({ method: 'PATCH', path: pathOf(client), body: { permissive: !isOn } })
    const asBefore = /** @returns {Call} */ () => ({ method: 'PATCH', path: pathOf(client), body: { permissive } })
    const remove = /** @returns {Call} */ () => ({ method: 'DELETE', path: pathOf(client) })
    const back = /** @returns {Call} */ () => ({ method: 'PUT', path: pathOf(client), body: fields })
    const edit = element('button', { type: 'button', 'aria-label': `Edit ${id}` }, 'Edit')
    edit.addEventListener('click', () => editEntry(this.#lab, {
      path: '/clients', key: 'client_id', title: `Edit ${id}`, entry: client, latest: () => this.#clients.find(other => other.client_id === id)
    }).catch(error => this.#lab.say(error.message, undefined, true)))
    const { button, place } = curlDisclosure(this.#lab, id, () => [toggle(), remove()])
    const permit = callButton(this.#lab, 'Permissive', toggle, { name: `Permissive: ${id}`, ...(rules.length > 0 && { undo: asBefore }), done: isOn ? `${id} is strict again.` : `${id} is permissive: what strictness refuses is let pass for it, and noted in the ledger.` })
    permit.setAttribute('role', 'switch')
    permit.setAttribute('aria-checked', String(isOn))
    return element('li', { 'data-client': id },
      element('div', {}, element('strong', {}, id), ' ', textOnDemand(name)),
      element('div', {}, element('dl', {}, element('div', {}, element('dt', {}, 'authenticates by'), element('dd', {}, element('code', {}, method))),
        element('div', {}, element('dt', {}, 'redirect_uris'), element('dd', {}, ...uris.map(uri => element('code', {}, uri)))),
        ...rules.length === 0 ? [] : [element('div', {}, element('dt', {}, 'is let off these rules alone'), element('dd', {}, ...rules.flatMap(rule => [element('code', {}, rule), ' '])))]),
      element('details', {}, element('summary', {}, 'All of its registration'), element('pre', { tabindex: '0', 'aria-label': `Registration of ${id}` }, JSON.stringify(client, null, 2)))),
      element('div', { class: 'buttons', role: 'group', 'aria-label': id }, permit, edit,
        callButton(this.#lab, 'Remove', remove, { name: `Remove ${id}`, done: `${id} is removed.`, undo: back }), button), place)
  }
}
