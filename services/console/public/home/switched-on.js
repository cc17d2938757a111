import { aheadInWords } from '../clock-offset.js'
import { element, find } from '../elements.js'
import { isPermissive, letPassInWords } from '../let-off.js'
import { chooseRealm } from '../realm-chooser.js'

/** @import { Running } from '../running.js' */
/** @import { ActiveFault, Control } from './types.js' */

const maxRealms = 8

/** What is out of the ordinary just now. */
export class SwitchedOn {
  #list = find('.switched-on', HTMLElement)
  #nothing = find('.nothing-on', HTMLElement)

  /**
   * @param {Running} running
   * @param {Control | undefined} control
   */
  show ({ realms }, control) {
    const { active = [], clients = [], offsetSeconds = 0 } = control ?? {}
    const permissive = clients.filter(isPermissive)
    const items = [
      ...active.map(fault => [element('strong', {}, fault.fault), ` for ${whomOf(fault)}`, fault.remaining === undefined ? '' : fault.remaining === 1 ? ', once' : `, ${fault.remaining} times`]),
      ...permissive.map(client => [element('strong', {}, client.client_id), ` is permissive: ${letPassInWords(client)}`]),
      ...Math.round(offsetSeconds) === 0 ? [] : [['The clock is ', element('strong', {}, aheadInWords(offsetSeconds))]],
      ...realms.length === 0 ? [] : [[`${realms.length} ${realms.length === 1 ? 'realm' : 'realms'}: `, ...realms.slice(0, maxRealms).map(({ name }) => buttonOf(name)), ...realms.length > maxRealms ? ['…'] : []]]
    ]
    this.#list.replaceChildren(...items.map(content => element('li', {}, ...content)))
    this.#nothing.hidden = items.length > 0 || control === undefined
  }
}

/** @param {ActiveFault} fault */
const whomOf = ({ client_id: client, username }) => [username, client].filter(name => name !== undefined).join(' at ') || 'everybody'

/** @param {string} realm */
function buttonOf (realm) {
  const button = element('button', { type: 'button', class: 'link' }, realm)
  button.addEventListener('click', () => chooseRealm(realm))
  return button
}
