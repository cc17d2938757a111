import { TakenRecords } from './taken-records.js'

/**
 * Web storage under the deployment's prefix (`_<deploymentId>:<name>`, Genesys help "cookies and storage").
 * What the browser does not keep, because it is forbidden or its room is full, this page remembers: it still chats, and
 * only forgets on reload.
 */
export class LabelledStorage {
  #prefix
  #kind
  #taken
  /** @type {Map<string, string>} */
  #unkept = new Map()

  /**
   * @param {string} deploymentId
   * @param {'localStorage' | 'sessionStorage'} kind
   */
  constructor (deploymentId, kind) {
    this.#prefix = `_${deploymentId}:`
    this.#kind = kind
    this.#taken = new TakenRecords(`${this.#prefix}taken`)
  }

  /** @param {string} name */
  get (name) {
    const key = this.#prefix + name
    return this.#unkept.get(key) ?? this.#try((area) => area.getItem(key)) ?? null
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  set (name, value) {
    const key = this.#prefix + name
    const kept = this.#try((area) => {
      area.setItem(key, value)
      return true
    })
    if (kept) {
      this.#unkept.delete(key)
    } else {
      if (this.#unkept.size === 0) console.warn(`The Messenger cannot write to ${this.#kind}: a reload will have forgotten what is new`)
      this.#unkept.set(key, value)
      // Another page is not to take the value of before for the last one.
      this.#try((area) => area.removeItem(key))
    }
  }

  /** @param {string} name */
  remove (name) {
    const key = this.#prefix + name
    this.#unkept.delete(key)
    this.#try((area) => area.removeItem(key))
  }

  /**
   * Whether this tab is the first that asks for what is for one of all tabs.
   * @param {string} name
   * @param {string} value Comes once.
   */
  take (name, value) {
    return this.#taken.take(name, value)
  }

  /** Removes everything of this deployment. */
  clear () {
    this.#unkept.clear()
    this.#taken.clear()
    this.#try((area) => {
      for (const key of Object.keys(area)) if (key.startsWith(this.#prefix)) area.removeItem(key)
    })
  }

  /**
   * Reports a value that another tab has set.
   * @param {string} name
   * @param {() => void} callback
   */
  onSetElsewhere (name, callback) {
    const key = this.#prefix + name
    window.addEventListener('storage', (event) => {
      if (event.key !== key || event.newValue === null) return
      this.#unkept.delete(key)
      callback()
    })
  }

  /**
   * The very property throws where a browser keeps nothing for a page, and each call may.
   * @template Result
   * @param {(area: Storage) => Result} use
   */
  #try (use) {
    try {
      return use(window[this.#kind])
    } catch {
      return undefined
    }
  }
}
