/** @import { CommandEvent, GenesysEvent, GenesysGlobal, Plugin, Subscriber } from './types.js' */

/**
 * What Genesys' own scripts call among themselves. What a page could want with it is not documented; that it is ignored
 * is our choice.
 */
const INTERNAL = new Set([
  'configure', 'executeQueue', 'loadFile', 'loadJSON', 'loadModule', 'loadPlugin', 'monitor', 'registerChild', 'registerModule'
])

/**
 * The global `Genesys(...)`: event bus, commands and plugins.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/
 */
export class Dispatcher {
  /** @type {Set<string>} */
  #plugins = new Set()
  /** @type {Map<string, (event: CommandEvent) => unknown>} */
  #commands = new Map()
  /** @type {Map<string, { owner: string, callback: Subscriber }[]>} */
  #subscriptions = new Map()
  /** @type {Map<string, GenesysEvent>} */
  #sticky = new Map()
  /** @type {Map<string, unknown>} */
  #data = new Map()
  /** @type {unknown[][] | undefined} */
  #queue

  /** @param {GenesysGlobal} stub What the page queued before the script arrived. */
  constructor (stub) {
    this.#queue = (stub.q ?? []).map((call) => Array.from(call))
  }

  /** @param {unknown[]} call */
  genesys = (...call) => {
    if (this.#queue) this.#queue.push(call)
    else this.#execute(call)
  }

  /** Runs what was called so far, in order, and everything later at once. */
  executeQueue () {
    const calls = this.#queue ?? []
    this.#queue = undefined
    for (const call of calls) {
      try {
        this.#execute(call)
      } catch (error) {
        // One bad call of the page must not swallow those behind it.
        reportError(error)
      }
    }
  }

  /** @param {string} name */
  hasCommand (name) {
    return this.#commands.has(name)
  }

  /**
   * @param {string} name
   * @returns {Plugin}
   */
  registerPlugin (name) {
    if (this.#plugins.has(name)) throw new Error(`Can't register plugin ${name} -- Name is already taken`)
    this.#plugins.add(name)
    /** @param {string} own */
    const qualified = (own) => own.includes('.') ? own : `${name}.${own}`
    return Object.freeze({
      command: (/** @type {string} */ command, /** @type {unknown} */ data) => this.#command(qualified(command), data),
      subscribe: (/** @type {string} */ event, /** @type {Subscriber} */ callback) => this.#subscribe(qualified(event), callback, name),
      unsubscribe: (/** @type {string} */ event) => this.#unsubscribe(qualified(event), name),
      publish: (/** @type {string} */ event, /** @type {unknown} */ data) => { this.#publish(name, event, data) },
      republish: (/** @type {string} */ event, /** @type {unknown} */ data) => { this.#republish(name, event, data) },
      retract: (/** @type {string} */ event) => { this.#sticky.delete(`${name}.${event}`) },
      registerCommand: (/** @type {string} */ command, /** @type {(event: CommandEvent) => unknown} */ handler) => {
        this.#commands.set(`${name}.${command}`, handler)
      },
      data: (/** @type {string} */ key, /** @type {unknown[]} */ ...value) => {
        if (value.length > 0) this.#data.set(qualified(key), value[0])
        return this.#data.get(qualified(key))
      },
      ready: () => { this.#republish(name, 'ready') }
    })
  }

  /** @param {unknown[]} call */
  #execute ([type, name, ...rest]) {
    const subject = String(name)
    const callback = rest.find(isFunction)
    if (type === 'command') {
      // The callbacks move up where there are no options.
      const [options, resolved, rejected] = isFunction(rest[0]) ? [undefined, ...rest] : rest
      this.#command(subject, options).then(
        isFunction(resolved) ? resolved : undefined,
        isFunction(rejected) ? rejected : () => {}
      )
    } else if (type === 'subscribe' && callback) {
      this.#subscribe(subject, callback, '')
    } else if (type === 'registerPlugin' && callback) {
      callback(this.registerPlugin(subject))
    } else if (!INTERNAL.has(String(type))) {
      // A call that means nothing must not stop the page's own script; our choice.
      console.warn(`Genesys('${String(type)}', '${subject}') is not supported like this`)
    }
  }

  /**
   * @param {string} name
   * @param {unknown} [data]
   * @returns {Promise<unknown>}
   */
  #command (name, data) {
    const { promise, resolve, reject } = /** @type {PromiseWithResolvers<unknown>} */ (Promise.withResolvers())
    const handler = this.#commands.get(name)
    const run = async () => {
      // Not documented; our choice: an unknown command fails at once instead of waiting for its plugin.
      if (!handler) throw new Error(`Command ${name} is not available`)
      return await handler({ data: data ?? {}, resolve, reject })
    }
    run().catch((error) => reject(error instanceof Error ? error.message : error))
    return promise
  }

  /**
   * @param {string} event
   * @param {Subscriber} callback
   * @param {string} owner
   */
  #subscribe (event, callback, owner) {
    const subscriptions = this.#subscriptions.get(event) ?? []
    this.#subscriptions.set(event, [...subscriptions, { owner, callback }])
    const past = this.#sticky.get(event)
    if (past) setTimeout(callback, 0, past)
  }

  /**
   * @param {string} event
   * @param {string} owner
   */
  #unsubscribe (event, owner) {
    const others = this.#subscriptions.get(event)?.filter((subscription) => subscription.owner !== owner)
    this.#subscriptions.set(event, others ?? [])
  }

  /**
   * @param {string} publisher
   * @param {string} eventName
   * @param {unknown} [data]
   */
  #publish (publisher, eventName, data) {
    const event = { time: Date.now(), publisher, event: `${publisher}.${eventName}`, data }
    for (const { callback } of this.#subscriptions.get(event.event) ?? []) {
      setTimeout(callback, 0, { ...event, eventName })
    }
    return event
  }

  /**
   * @param {string} publisher
   * @param {string} eventName
   * @param {unknown} [data]
   */
  #republish (publisher, eventName, data) {
    const event = this.#publish(publisher, eventName, data)
    this.#sticky.set(event.event, event)
  }
}

/**
 * @param {unknown} value
 * @returns {value is (argument: unknown) => void}
 */
function isFunction (value) {
  return typeof value === 'function'
}
