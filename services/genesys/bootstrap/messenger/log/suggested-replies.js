import { pick, webAddress } from '../shared/content-parts.js'
import { button, element } from '../shared/elements.js'

/** @import { Choice } from '../shared/content-parts.js' */
/** @import { Entry } from './entry-view.js' */

/** The answers that the last message proposes. They go when one is chosen or the conversation goes on. */
export class SuggestedReplies {
  #choose
  /** @type {string | undefined} */
  #shownFor
  #heading = element('span', { class: 'unseen', id: 'suggestions' }, 'Suggested replies')
  #buttons = element('div', { class: 'replies' })
  node = element('div', { role: 'group', 'aria-labelledby': 'suggestions', hidden: '' }, this.#heading, this.#buttons)

  /** @param {(choice: Choice) => void} choose */
  constructor (choose) {
    this.#choose = choose
  }

  /** @param {Entry | undefined} last Undefined where nothing can be answered. */
  render (last) {
    const replies = last?.side === 'theirs' ? pick(last.content, 'quickReply') : []
    const shownFor = replies.length > 0 ? last?.key : undefined
    if (shownFor === this.#shownFor) return
    this.#shownFor = shownFor
    this.node.hidden = replies.length === 0
    this.#buttons.replaceChildren(...replies.map(({ text, payload = text, image }) => {
      const press = () => {
        this.node.hidden = true
        this.#choose({ type: 'QuickReply', message: text, postback: payload, originatingMessageId: last?.id })
      }
      const reply = button('', 'reply', press)
      const picture = webAddress(image)
      if (picture) reply.append(element('img', { src: picture, alt: '', referrerpolicy: 'no-referrer' }))
      reply.append(element('span', { dir: 'auto' }, text))
      return reply
    }))
  }

  /** The chosen one could not be sent. */
  showAgain () {
    this.node.hidden = this.#shownFor === undefined
  }
}
