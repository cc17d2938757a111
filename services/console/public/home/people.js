import { element, find } from '../elements.js'
import { beginningOf } from '../long-text.js'

/** @import { Running } from '../running.js' */
/** @import { Control, User } from './types.js' */

const maxShown = 60

/** Who can sign in: a click signs them in, where an application of the lab is at hand. Else, what else can be done with the issuer. */
export class People {
  #steps = find('.steps', HTMLElement)
  #title = find('#people-heading .title', HTMLElement)
  #hint = find('#people-hint', HTMLElement)
  #problem = find('.problem', HTMLElement)
  #list = find('.people', HTMLElement)
  #own = find('.own-application', HTMLElement)

  /**
   * @param {string} realm
   * @param {Running} running
   * @param {Control | undefined} control
   */
  show (realm, { services, realms }, control) {
    this.#problem.hidden = true
    const root = (this.#steps.dataset['issuer'] ?? '').replace(/\/$/, '')
    const issuer = realm === '' ? this.#steps.dataset['issuer'] ?? '' : realms.find(({ name }) => name === realm)?.issuer ?? `${root}/realms/${realm}`
    if (!control) return this.#showNobody(realm, issuer, services['idp'] === true)
    const byClick = realm === '' && services['relying-party'] === true
    this.#title.textContent = byClick ? 'Sign in as one of these' : realm === '' ? 'Use the provider by itself' : `Use realm ${realm}`
    this.#hint.textContent = byClick ? 'A window opens in which they are signed in at the application, in place of whoever was.' : 'Who can sign in there, each with user name and password:'
    const others = control.users.length - maxShown
    this.#list.replaceChildren(...control.users.slice(0, maxShown).map(user => element('li', {}, byClick && !user.disabled ? linkOf(user) : cardOf(user))),
      ...others > 0 ? [element('li', {}, `and ${others} more`)] : [])
    this.#own.hidden = byClick
    if (!byClick) this.#showIssuer(realm, issuer, control)
  }

  /** @param {unknown} error */
  fail (error) {
    this.#problem.textContent = `Could not be loaded: ${error instanceof Error ? error.message : error}`
    this.#problem.hidden = false
  }

  /**
   * @param {string} realm
   * @param {string} issuer
   * @param {boolean} isReached
   */
  #showNobody (realm, issuer, isReached) {
    this.#title.textContent = isReached ? `There is no realm ${realm}` : 'Nobody can sign in just now'
    this.#hint.textContent = isReached
      ? 'Not any more, or not yet. Choose another at the top. What was exchanged in it may still be in the live view.'
      : `The identity provider does not answer at ${issuer}. Start it: this page notices.`
    this.#list.replaceChildren()
    this.#own.hidden = true
  }

  /**
   * @param {string} realm
   * @param {string} issuer
   * @param {Control} control
   */
  #showIssuer (realm, issuer, { clients }) {
    const base = issuer.replace(/\/$/, '')
    find('.whose', HTMLElement).textContent = realm === ''
      ? `The lab’s own application is not reached at ${this.#steps.dataset['app']}: there is nothing here to sign in to. The provider works by itself, too.`
      : 'A realm is an issuer of its own: nobody else has its users, clients, keys, faults, clock and ledger. The lab’s own application uses the issuer at the root, so this one is for yours, or for a test.'
    find('.issuer', HTMLElement).textContent = issuer
    const discovery = find('.discovery', HTMLAnchorElement)
    discovery.href = `${base}/.well-known/openid-configuration`
    discovery.textContent = '/.well-known/openid-configuration'
    find('.clients', HTMLElement).textContent = clients.map(({ client_id: id }) => id).join(', ') || 'none yet'
    find('.register', HTMLElement).textContent = `curl -X PUT ${base}/lab/clients/my-app -H 'content-type: application/json' -d '{ "redirect_uris": ["http://localhost:8080/callback"] }'`
  }
}

/** @param {User} user */
function linkOf (user) {
  return element('a', { class: 'person', href: `sign-in?${new URLSearchParams({ username: user.username })}`, target: '_blank', rel: 'noopener' },
    element('bdi', { class: 'name' }, nameOf(user)), element('code', {}, user.username), element('span', { class: 'about' }, user.about))
}

/** @param {User} user */
function cardOf (user) {
  return element('div', { class: 'person' }, element('bdi', { class: 'name' }, nameOf(user)),
    element('code', {}, user.disabled ? `${user.username}, disabled` : `${user.username} ${user.password}`), element('span', { class: 'about' }, user.about))
}

/** @param {User} user */
const nameOf = ({ username, claims }) => beginningOf(typeof claims['name'] === 'string' ? claims['name'] : username)
