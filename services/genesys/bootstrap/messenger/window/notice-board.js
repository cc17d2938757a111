import { button, element } from '../shared/elements.js'

/** @import { ActionName, Notice } from './notice-texts.js' */

/** What the person has to know now. What is urgent interrupts a screen reader, the rest waits its turn. */
export class NoticeBoard {
  #act
  #places = /** @type {const} */ ([
    [element('div', { class: 'alert', role: 'alert' }), true],
    [element('div', { class: 'status', role: 'status' }), false]
  ])

  nodes = this.#places.map(([place]) => place)

  /** @param {(name: ActionName) => void} act */
  constructor (act) {
    this.#act = act
  }

  /** @param {Notice[]} notices */
  render (notices) {
    for (const [place, urgent] of this.#places) {
      const wanted = notices.filter((notice) => notice.urgent === urgent).map((notice) => this.#draw(notice))
      // Redrawing the same words would have them read out again.
      if (place.textContent !== wanted.map(({ textContent }) => textContent).join('')) place.replaceChildren(...wanted)
    }
  }

  /** @param {Notice} notice */
  #draw ({ text, actions }) {
    const buttons = actions.map(({ label, name }) => button(label, 'quiet', () => this.#act(name)))
    return element('div', { class: 'notice' }, element('span', {}, text), ...buttons)
  }
}
