/**
 * Has a list show what there is, and leaves alone what has not changed: who types there or is about to click goes on.
 * @template T
 */
export class KeyedList {
  #place
  #keyOf
  #make
  /** @type {Map<string, { text: string, node: HTMLElement }>} */
  #shown = new Map()

  /**
   * @param {HTMLElement} place
   * @param {(item: T) => string} keyOf
   * @param {(item: T) => HTMLElement} make
   */
  constructor (place, keyOf, make) {
    this.#place = place
    this.#keyOf = keyOf
    this.#make = make
  }

  /** @param {readonly T[]} items */
  show (items) {
    const before = this.#shown
    this.#shown = new Map(items.map(item => {
      const text = JSON.stringify(item)
      const same = before.get(this.#keyOf(item))
      return [this.#keyOf(item), same?.text === text ? same : { text, node: this.#replacing(same?.node, this.#make(item)) }]
    }))
    const nodes = [...this.#shown.values()].map(({ node }) => node)
    for (const child of [...this.#place.children]) if (!nodes.some(node => node === child)) child.remove()
    nodes.forEach((node, index) => { if (this.#place.children[index] !== node) this.#place.insertBefore(node, this.#place.children[index] ?? null) })
  }

  /**
   * Whoever has just used a button finds it again.
   * @param {HTMLElement | undefined} before
   * @param {HTMLElement} after
   */
  #replacing (before, after) {
    const at = before ? [...before.querySelectorAll('button')].findIndex(button => button === document.activeElement) : -1
    before?.replaceWith(after)
    after.querySelectorAll('button')[at]?.focus()
    return after
  }
}
