/** @import { MessengerWindow, ViewState } from './messenger-window.js' */
/** @import { Notice } from './notice-texts.js' */

/**
 * @typedef {Omit<ViewState, 'notices'> & {
 *   problem: Notice | undefined,
 *   connection: Notice | undefined,
 *   ending: Notice | undefined,
 *   expiry: Notice | undefined
 * }} Shown The notices have subjects of their own, so that one that is settled takes no other away.
 */

/** What the window shows. */
export class WindowState {
  #view
  /** @type {Shown} */
  #shown

  /**
   * @param {MessengerWindow} view
   * @param {Pick<Shown, 'phase' | 'canClear'>} first
   */
  constructor (view, first) {
    this.#view = view
    this.#shown = {
      identity: '',
      typing: '',
      earlier: false,
      signIn: 'none',
      media: undefined,
      problem: undefined,
      connection: undefined,
      ending: undefined,
      expiry: undefined,
      ...first
    }
    this.show()
  }

  get phase () {
    return this.#shown.phase
  }

  get identity () {
    return this.#shown.identity
  }

  get problem () {
    return this.#shown.problem
  }

  /** @param {Partial<Shown>} [change] */
  show (change = {}) {
    Object.assign(this.#shown, change)
    const { problem, connection, ending, expiry, ...state } = this.#shown
    const notices = [problem, connection, ending, expiry].filter((notice) => notice !== undefined)
    this.#view.render({ ...state, notices })
  }
}
