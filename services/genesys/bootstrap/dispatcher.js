/** @import { CommandEvent, GenesysEvent, GenesysGlobal, Plugin, Subscriber } from './types.js' */

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
    const functions = rest.filter((argument) => typeof argument === 'function')
    if (type === 'subscribe') {
      this.#subscribe(subject, /** @type {Subscriber} */ (functions[0]), '')
    } else if (type === 'registerPlugin') {
      /** @type {(plugin: Plugin) => void} */ (functions[0])(this.registerPlugin(subject))
    } else if (type === 'command') {
      const options = typeof rest[0] === 'function' ? undefined : rest[0]
      const [resolved, rejected] = /** @type {((value: unknown) => void)[]} */ (functions)
      this.#command(subject, options).then(resolved, rejected ?? (() => {}))
    } else {
      throw new Error(`Genesys('${type}') is not supported`)
    }
  }

  /**
   * @param {string} name
   * @param {unknown} [data]
   * @returns {Promise<unknown>}
   */
  #command (name, data = {}) {
    const { promise, resolve, reject } = /** @type {PromiseWithResolvers<unknown>} */ (Promise.withResolvers())
    const handler = this.#commands.get(name)
    const run = async () => {
      // Not documented; our choice: an unknown command fails at once instead of waiting for its plugin.
      if (!handler) throw new Error(`Command ${name} is not available`)
      return await handler({ data, resolve, reject })
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
