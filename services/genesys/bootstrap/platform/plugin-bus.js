import { nearestName } from './nearest-name.js'

/**
 * @typedef {object} SnippetConfig
 * @property {string} environment
 * @property {string} deploymentId
 * @property {boolean | undefined} [debug]
 *
 * @typedef {object} GenesysGlobal What the snippet leaves on `window`, and what replaces it.
 * @property {unknown[][] | undefined} [q]
 * @property {number | undefined} [t]
 * @property {SnippetConfig | undefined} [c]
 *
 * @typedef {object} GenesysEvent
 * @property {number} time
 * @property {string} publisher
 * @property {string} event
 * @property {string | undefined} [eventName]
 * @property {unknown} data
 *
 * @typedef {(event: GenesysEvent) => void} Subscriber
 *
 * @typedef {object} CommandEvent
 * @property {unknown} data
 * @property {(value?: unknown) => void} resolve
 * @property {(reason?: unknown) => void} reject
 *
 * @typedef {object} Plugin
 * @property {(name: string, data?: unknown) => Promise<unknown>} command
 * @property {(name: string, callback: Subscriber) => void} subscribe
 * @property {(name: string) => void} unsubscribe
 * @property {(name: string, data?: unknown) => void} publish
 * @property {(name: string, data?: unknown) => void} republish
 * @property {(name: string) => void} retract Whoever subscribes from now on does not get the republished event.
 * @property {(name: string, handler: (event: CommandEvent) => unknown) => void} registerCommand
 * @property {(name: string, value?: unknown) => unknown} data
 * @property {() => void} ready
 */

/** What Genesys' own scripts call among themselves. Pages have no use for it that is known, so it is ignored. */
const INTERNAL = new Set([
  'configure', 'executeQueue', 'loadFile', 'loadJSON', 'loadModule', 'loadPlugin', 'monitor', 'registerChild', 'registerModule'
])

/**
 * The global `Genesys(...)`, which the vendor calls its dispatcher: a bus between the page and the plugins, with the commands and the
 * events of each.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/
 */
export class PluginBus {
  /** @type {Map<string, string[] | undefined>} With the events that it publishes, where they are known. */
  #plugins = new Map()
  /** @type {Map<string, (event: CommandEvent) => unknown>} */
  #commands = new Map()
  /** @type {Map<string, { owner: string, callback: Subscriber }[]>} */
  #subscriptions = new Map()
  /** @type {Map<string, GenesysEvent>} */
  #sticky = new Map()
  /** @type {Map<string, unknown>} */
  #data = new Map()
  /** @type {unknown[][] | undefined} */
  #queue = []
  /** @type {string | undefined} Why nothing goes on here any more. */
  #shutDown
  #deploymentId

  /** @param {{ t?: number | undefined, c: SnippetConfig }} snippet What the page's snippet says. */
  constructor ({ t, c }) {
    this.#deploymentId = c.deploymentId
    Object.assign(this.genesys, { t, c })
    this.adopt(this.genesys)
  }

  /** @type {GenesysGlobal & ((...call: unknown[]) => void)} */
  genesys = (...call) => {
    if (this.#queue) this.#queue.push(call)
    else this.#execute(call)
  }

  /**
   * Takes the place of what the page's snippet has left: what that has queued is done, and what still comes by whoever has
   * kept a reference to it, or to its queue, is done as it comes.
   * @param {GenesysGlobal} stub
   */
  adopt (stub) {
    const { c: config, q: queue = [] } = stub
    if (config && String(config.deploymentId).toLowerCase() !== String(this.#deploymentId).toLowerCase()) {
      console.warn(`The deployment ${this.#deploymentId} runs on this page; for ${config.deploymentId} it has to be loaded anew`)
    }
    if (queue.push === this.#take) return
    const calls = Array.from(queue)
    // Without a complaint where a page has frozen them.
    Reflect.set(queue, 'length', 0)
    Reflect.set(queue, 'push', this.#take)
    Reflect.set(stub, 'q', queue)
    this.#take(...calls)
  }

  /** @param {ArrayLike<unknown>[]} calls In place of the `push` of a queue. */
  #take = (...calls) => {
    for (const call of calls) {
      try {
        this.genesys(...Array.from(call))
      } catch (error) {
        // One bad call of the page must not swallow those behind it.
        reportError(error)
      }
    }
    return 0
  }

  /** Runs what was called so far, in order, and everything later at once. */
  executeQueue () {
    const calls = this.#queue ?? []
    this.#queue = undefined
    this.#take(...calls)
  }

  /** @param {string} name */
  hasCommand (name) {
    return this.#commands.has(name)
  }

  /** @param {string} reason Why all commands of the Messenger's own plugins are rejected from now on. */
  shutDown (reason) {
    this.#shutDown = reason
  }

  /**
   * @param {string} name
   * @param {string[]} [events] Those of a plugin of the Messenger, beside `ready`. What a page's own plugin publishes nobody knows.
   * @returns {Plugin}
   */
  registerPlugin (name, events) {
    if (this.#plugins.has(name)) throw new Error(`Can't register plugin ${name} -- Name is already taken`)
    this.#plugins.set(name, events && ['ready', ...events])
    /** @param {string} own */
    const qualified = (own) => own.includes('.') ? own : `${name}.${own}`
    return Object.freeze({
      command: (/** @type {string} */ command, /** @type {unknown} */ data) => this.#command(qualified(command), data),
      subscribe: (/** @type {string} */ event, /** @type {Subscriber} */ callback) => {
        // Those of the Messenger subscribe before all of them are there.
        if (!events) this.#checkEvent(qualified(event))
        this.#subscribe(qualified(event), callback, name)
      },
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
      this.#checkEvent(subject)
      this.#subscribe(subject, callback, '')
    } else if (type === 'registerPlugin' && callback) {
      callback(this.registerPlugin(subject))
    } else if (!INTERNAL.has(String(type))) {
      // A call that means nothing must not stop the page's own script.
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
      // An unknown command fails at once instead of waiting for its plugin.
      if (!handler) throw new Error(`Command ${name} is not available${adviceOn(name, this.#commands.keys())}`)
      if (this.#shutDown !== undefined && this.#plugins.get(pluginOf(name))) throw new Error(this.#shutDown)
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
   * Says of an event that will never come that it will not; whoever waits for it can wait long.
   * @param {string} event
   */
  #checkEvent (event) {
    const plugin = pluginOf(event)
    const own = this.#plugins.get(plugin)
    // The page's own plugins publish what they like, and may be registered later.
    if (own ? own.includes(event.slice(plugin.length + 1)) : this.#plugins.has(plugin) || plugin === 'AuthProvider') return
    const known = [...this.#plugins].flatMap(([name, events = []]) => events.map((each) => `${name}.${each}`))
    console.warn(own
      ? `There is no event ${event}${adviceOn(event, known)}`
      : `There is no plugin ${plugin} so far, to publish ${event}${adviceOn(event, known)}`)
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
  #publish (publisher, eventName, data = {}) {
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

/** @param {string} name Of a command or an event, with its plugin's. */
function pluginOf (name) {
  return name.split('.', 1)[0] ?? ''
}

/**
 * What to say after "there is no such name".
 * @param {string} name
 * @param {Iterable<string>} names
 */
function adviceOn (name, names) {
  const nearest = nearestName(name, names)
  return nearest === undefined ? '' : `; did you mean ${nearest}?`
}
