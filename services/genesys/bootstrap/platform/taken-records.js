const TAKEN = 'taken'

/**
 * What is for one of all the tabs of this origin, by IndexedDB: its transactions come one after the other for all processes of a browser,
 * while each of them has a copy of web storage, which may be behind.
 * @see https://w3c.github.io/IndexedDB/#transaction-scheduling
 */
export class TakenRecords {
  #database

  /** @param {string} database */
  constructor (database) {
    this.#database = database
  }

  /**
   * Atomic take. Where the browser keeps nothing for a page, each tab is told that it is the first: rather twice than never.
   * @param {string} kind
   * @param {string} name Of what comes once; of each kind the last one is remembered.
   * @returns {Promise<boolean>} Whether this tab is the first that asks for it.
   */
  async take (kind, name) {
    try {
      return await this.#take(kind, name)
    } catch {
      return true
    }
  }

  clear () {
    try {
      indexedDB.deleteDatabase(this.#database)
    } catch {
      // It has never been there.
    }
  }

  /**
   * @param {string} kind
   * @param {string} name
   * @returns {Promise<boolean>}
   */
  #take (kind, name) {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open(this.#database)
      opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(TAKEN))
      opening.addEventListener('error', reject)
      opening.addEventListener('success', () => {
        const database = opening.result
        const transaction = database.transaction(TAKEN, 'readwrite')
        const taken = transaction.objectStore(TAKEN)
        const last = taken.get(kind)
        last.addEventListener('success', () => { if (last.result !== name) taken.put(name, kind) })
        transaction.addEventListener('complete', () => resolve(last.result !== name))
        transaction.addEventListener('abort', reject)
        for (const end of ['complete', 'abort']) transaction.addEventListener(end, () => database.close())
      })
    })
  }
}
