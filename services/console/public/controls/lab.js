import { element } from '../elements.js'
import { ControlApi, Refusal } from './control-api.js'

/** @import { Call } from './control-api.js' */
/** @import { ActiveFault, Client, Clock, FaultInCatalogue, Group, Key, Rule, User } from './types.js' */

/**
 * What the controls show, as it was when it was last asked for.
 * @typedef {{
 *   groups: Group[], faults: FaultInCatalogue[], rules: Rule[], active: ActiveFault[], users: User[], clients: Client[], clock: Clock, keys: Key[],
 *   used: (active: ActiveFault) => Promise<boolean>
 * }} State
 */

// Long enough to be read; what may be taken back, and what has failed, stays.
const saidMs = 10_000

/** The part of the lab that the page is about: asks for its state, changes it, and says what came of that. */
export class Lab {
  #root
  #status
  #refresh
  /** @type {Promise<Pick<State, 'groups' | 'faults' | 'rules'>> | undefined} */
  #fixed
  /** @type {Promise<Record<string, Record<string, { requestBody: { content: Record<string, { schema: object, example?: object }> } }>>> | undefined} */
  #description
  #last = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silence

  /**
   * @param {string} root the issuer at the root
   * @param {string} realm
   * @param {HTMLElement} status where it is said what came of a call
   * @param {() => Promise<void>} refresh
   */
  constructor (root, realm, status, refresh) {
    this.#root = root
    this.#status = status
    this.#refresh = refresh
    this.api = new ControlApi(root, realm)
    this.isRealm = realm !== ''
  }

  /** @param {string} path */
  #get (path) {
    return this.api.ask({ method: 'GET', path })
  }

  /**
   * @returns {Promise<State>}
   * @throws {Refusal}
   */
  async load () {
    // It is part of the program, so it stays as it is.
    this.#fixed ??= Promise.all([this.#get('/faults'), this.#get('/permissive')]).then(([{ groups, faults }, { rules }]) => ({ groups, faults, rules }))
    const fixed = await this.#fixed.catch(error => {
      this.#fixed = undefined
      throw error
    })
    const since = this.#last
    // First, so that what is not on any more and was applied has an entry after that.
    const { last } = await this.#get('/ledger?order=desc&limit=1')
    const [{ active }, { users }, { clients }, clock, { keys }] = await Promise.all(['/faults/active', '/users', '/clients', '/clock', '/keys'].map(path => this.#get(path)))
    this.#last = last
    return { ...fixed, active, users, clients, clock, keys, used: fault => this.#wasApplied(fault, since) }
  }

  /**
   * Whether a fault was applied since what was loaded last but one.
   * @param {ActiveFault} active
   * @param {number} since
   */
  async #wasApplied ({ fault, client_id: client, username }, since) {
    const query = new URLSearchParams({ fault, since: String(since), ...(client !== undefined && { client_id: client }), ...(username !== undefined && { username }) })
    return (await this.#get(`/ledger?${query}`)).count > 0
  }

  /**
   * Where the live view shows the latest journey in which a fault was applied.
   * @param {string} fault
   */
  async journeyWith (fault) {
    /** @type {{ journeys: { id: string, to: number, faults: string[] }[] }} */
    const { journeys } = await fetch('journeys').then(response => response.json())
    const [latest] = journeys.filter(({ faults }) => faults.includes(fault)).sort((a, b) => b.to - a.to)
    return latest ? `live?${new URLSearchParams({ journey: latest.id })}` : 'live'
  }

  /**
   * What a call takes, as the API describes it.
   * @param {string} path with names in braces
   * @param {'put' | 'post'} method
   */
  async schemaOf (path, method) {
    this.#description ??= new ControlApi(this.#root, '').ask({ method: 'GET', path: '/openapi.json' }).then(({ paths }) => paths)
    const paths = await this.#description.catch(error => {
      this.#description = undefined
      throw error
    })
    const content = paths[`/lab${path}`]?.[method]?.requestBody.content['application/json']
    if (!content) throw new Refusal(`The control API does not describe ${method.toUpperCase()} ${path}.`)
    return content
  }

  /**
   * Make a call, and say what came of it.
   * @param {Call} call
   * @param {{ done?: string | undefined, undo?: Call | undefined }} [options] what to say, and how to take it back
   * @returns {Promise<any>} what was answered; `undefined` where it was refused
   */
  async run (call, { done, undo } = {}) {
    try {
      const answer = await this.api.ask(call)
      if (done !== undefined) this.say(done, undo)
      await this.#refresh()
      return answer ?? {}
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), undefined, true)
      return undefined
    }
  }

  refresh () {
    return this.#refresh()
  }

  /**
   * @param {string} text
   * @param {Call} [undo]
   * @param {boolean} [isProblem]
   */
  say (text, undo, isProblem = false) {
    const close = element('button', { type: 'button', 'aria-label': 'Close' }, '✕')
    close.addEventListener('click', () => this.#status.replaceChildren())
    const back = element('button', { type: 'button' }, 'Put back')
    if (undo) back.addEventListener('click', () => { this.run(undo, { done: 'Put back.' }) })
    clearTimeout(this.#silence)
    if (!undo && !isProblem) this.#silence = setTimeout(() => this.#status.replaceChildren(), saidMs)
    this.#status.replaceChildren(element('p', { class: isProblem ? 'said fault' : 'said' }, text, ...undo ? [back] : [], close))
  }
}
