// What this browser keeps for the page. Where it may keep nothing, or its room is full, the page remembers until it is left.

/** For all tabs. */
export const storage = storageOf('localStorage')

/** For this tab. */
export const tabStorage = storageOf('sessionStorage')

/** @param {'localStorage' | 'sessionStorage'} kind */
function storageOf (kind) {
  /** @type {Map<string, string>} */
  const unkept = new Map()

  /**
   * The very property throws where a browser keeps nothing for a page, and each call may.
   * @template Result
   * @param {(area: Storage) => Result} use
   */
  function attempt (use) {
    try {
      return use(window[kind])
    } catch {
      return undefined
    }
  }

  return {
    /** @param {string} name */
    get: (name) => unkept.get(name) ?? attempt((area) => area.getItem(name)) ?? null,

    /**
     * @param {string} name
     * @param {string} value
     * @returns {boolean} false when the next page in this browser will not find it
     */
    set (name, value) {
      const kept = attempt((area) => area.setItem(name, value) ?? true) === true
      if (kept) {
        unkept.delete(name)
      } else {
        unkept.set(name, value)
        // Nor what was there before, which is true no more.
        attempt((area) => area.removeItem(name))
      }
      return kept
    },

    /** @param {string} name */
    remove (name) {
      unkept.delete(name)
      attempt((area) => area.removeItem(name))
    }
  }
}
