import { element, find } from '../elements.js'
import { textOnDemand } from '../long-text.js'
import { callButton, curlDisclosure } from './calls.js'
import { editEntry } from './entry-editor.js'
import { KeyedList } from './keyed-list.js'

/** @import { Call } from './control-api.js' */
/** @import { Lab, State } from './lab.js' */
/** @import { User } from './types.js' */

/** @param {{ username: string }} user */
const pathOf = ({ username }) => `/users/${encodeURIComponent(username)}`

/** Who can sign in, and as whom. */
export class Users {
  #lab
  /** @type {User[]} */
  #users = []
  #list
  #empty = find('#users .empty', HTMLElement)

  /** @param {Lab} lab */
  constructor (lab) {
    this.#lab = lab
    const add = element('button', { type: 'button', class: 'primary' }, 'Add a user')
    add.addEventListener('click', () => editEntry(lab, { path: '/users', key: 'username', title: 'Add a user', first: 'claims' }).catch(error => lab.say(error.message, undefined, true)))
    const reset = /** @returns {Call} */ () => ({ method: 'DELETE', path: '/users' })
    const { button, place } = curlDisclosure(lab, 'users', () => [{ method: 'GET', path: '/users' }, reset()])
    find('#users .bar', HTMLElement).replaceChildren(add,
      callButton(lab, 'Put all users back', reset, { done: 'The users are those of the first start.', sure: 'All that was added or changed of the users is lost.' }), button, place)
    this.#list = new KeyedList(find('#users .entries', HTMLElement), (/** @type {User} */ { username }) => username, user => this.#rowOf(user))
  }

  /** @param {State} state */
  show ({ users }) {
    this.#users = users
    this.#list.show(users)
    this.#empty.hidden = users.length > 0
  }

  /** @param {User} user */
  #rowOf (user) {
    const { username, password, sub, about, disabled, claims } = user
    const { username: _name, ...fields } = user
    const toggle = /** @returns {Call} */ () => ({ method: 'PUT', path: `${pathOf(user)}/${disabled ? 'enable' : 'disable'}` })
    const signOut = /** @returns {Call} */ () => ({ method: 'DELETE', path: `/sessions?${new URLSearchParams({ username })}` })
    const remove = /** @returns {Call} */ () => ({ method: 'DELETE', path: pathOf(user) })
    const back = /** @returns {Call} */ () => ({ method: 'PUT', path: pathOf(user), body: fields })
    const edit = element('button', { type: 'button', 'aria-label': `Edit ${username}` }, 'Edit')
    edit.addEventListener('click', () => editEntry(this.#lab, {
      path: '/users', key: 'username', title: `Edit ${username}`, first: 'claims', entry: user, latest: () => this.#users.find(other => other.username === username)
    }).catch(error => this.#lab.say(error.message, undefined, true)))
    const { button, place } = curlDisclosure(this.#lab, username, () => [toggle(), signOut(), remove()])
    return element('li', { 'data-user': username },
      element('div', {}, element('strong', {}, username), ...typeof claims['name'] === 'string' ? [' ', textOnDemand(claims['name'])] : [],
        ...disabled ? [' ', element('span', { class: 'badge alert' }, 'disabled')] : [], element('p', { class: 'hint' }, about)),
      element('div', {}, element('dl', {}, ...Object.entries({ password, sub }).map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, element('code', {}, value))))),
        element('details', {}, element('summary', {}, `${Object.keys(claims).length} ${Object.keys(claims).length === 1 ? 'claim' : 'claims'}`), element('pre', { tabindex: '0', 'aria-label': `Claims of ${username}` }, JSON.stringify(claims, null, 2)))),
      element('div', { class: 'buttons', role: 'group', 'aria-label': username }, edit,
        callButton(this.#lab, disabled ? 'Enable' : 'Disable', toggle, { name: `${disabled ? 'Enable' : 'Disable'} ${username}` }),
        callButton(this.#lab, 'Sign out', signOut, { name: `Sign out: ${username}, of all browsers`, done: `${username} is signed out of all browsers at the provider.` }),
        callButton(this.#lab, 'Remove', remove, { name: `Remove ${username}`, done: `${username} is removed.`, undo: back }), button), place)
  }
}
