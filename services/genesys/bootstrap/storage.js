/**
 * Web storage under the deployment's prefix (`_<deploymentId>:<name>`, Genesys help "cookies and storage").
 * When the browser denies storage the page still chats; it only forgets on reload.
 */
export class LabelledStorage {
  #prefix
  #area

  /**
   * @param {string} deploymentId
   * @param {'localStorage' | 'sessionStorage'} kind
   */
  constructor (deploymentId, kind) {
    this.#prefix = `_${deploymentId}:`
    this.#area = open(kind)
  }

  /** @param {string} name */
  get (name) {
    return this.#area.getItem(this.#prefix + name)
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  set (name, value) {
    this.#area.setItem(this.#prefix + name, value)
  }

  /** @param {string} name */
  remove (name) {
    this.#area.removeItem(this.#prefix + name)
  }

  /**
   * Reports a value that another tab has set.
   * @param {string} name
   * @param {() => void} callback
   */
  onSetElsewhere (name, callback) {
    window.addEventListener('storage', (event) => {
      if (event.key === this.#prefix + name && event.newValue !== null) callback()
    })
  }
}

/** @param {'localStorage' | 'sessionStorage'} kind */
function open (kind) {
  try {
    const area = window[kind]
    area.setItem('_genesys', '')
    area.removeItem('_genesys')
    return area
  } catch {
    return memoryArea()
  }
}

/** @returns {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} */
function memoryArea () {
  /** @type {Map<string, string>} */
  const values = new Map()
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => { values.set(key, value) },
    removeItem: (key) => { values.delete(key) }
  }
}
