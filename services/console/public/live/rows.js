import { element } from '../elements.js'

const rowsInBlock = 25

/**
 * The rows of a long list, in blocks: the browser lays out those blocks alone that are to be seen. One by one it would look for
 * thousands of rows, with each frame, whether they are.
 */
export class Rows {
  #place
  /** @type {HTMLElement[]} */
  #rows = []

  /** @param {HTMLElement} place */
  constructor (place) {
    this.#place = place
  }

  get length () {
    return this.#rows.length
  }

  /** @param {number} index */
  at (index) {
    return this.#rows[index]
  }

  /** @param {HTMLElement} row */
  indexOf (row) {
    return this.#rows.indexOf(row)
  }

  /** @param {HTMLElement[]} rows */
  reset (rows) {
    this.#rows = [...rows]
    const blocks = Array.from({ length: Math.ceil(rows.length / rowsInBlock) }, (_, index) =>
      blockOf(rows.slice(index * rowsInBlock, (index + 1) * rowsInBlock)))
    this.#place.replaceChildren(...blocks)
  }

  /**
   * @param {HTMLElement} row
   * @param {number} index
   */
  insert (row, index) {
    const next = this.#rows[index]
    this.#rows.splice(index, 0, row)
    if (next) next.before(row)
    else if (this.#place.lastElementChild) this.#place.lastElementChild.append(row)
    else this.#place.append(blockOf([row]))
    const block = row.parentElement
    if (block && block.childElementCount > 2 * rowsInBlock) block.after(blockOf([...block.children].slice(rowsInBlock)))
  }

  /** @param {HTMLElement} row */
  remove (row) {
    const index = this.#rows.indexOf(row)
    if (index < 0) return
    this.#rows.splice(index, 1)
    const block = row.parentElement
    row.remove()
    if (block?.childElementCount === 0) block.remove()
  }
}

/** @param {Element[]} rows */
const blockOf = rows => element('div', { role: 'presentation', class: 'block' }, ...rows)
