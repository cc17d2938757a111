import { button, element } from '../shared/elements.js'

/** Offers someone who chats without a name to go on under their own. */
export class SignInBar {
  #words = element('span')
  node

  /** @param {() => void} signIn */
  constructor (signIn) {
    this.node = element('div', { class: 'sign-in-bar', role: 'status', hidden: '' }, this.#words, button('Sign in', 'quiet', signIn))
  }

  /** @param {'none' | 'available' | 'underWay'} signIn */
  render (signIn) {
    this.node.hidden = signIn === 'none'
    const words = signIn === 'underWay' ? 'Continue in the sign-in window.' : 'Sign in to continue as yourself.'
    if (this.#words.textContent !== words) this.#words.textContent = words
  }
}
