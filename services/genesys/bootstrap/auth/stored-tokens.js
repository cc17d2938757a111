import { randomUUID } from '../platform/random-uuid.js'

/** @import { LabelledStorage } from '../platform/labelled-storage.js' */
/** @import { Tokens } from './token-endpoint.js' */

const ACCESS_TOKEN = 'gcatkn'
const REFRESH_TOKEN = 'gcartkn'
const SIGN_IN = 'gcasignin'
const LOGGED_OUT = 'gcalogout'

// As long as a request may take.
const LONGEST_SIGN_OUT_MS = 20_000
const SYNC_POLL_MS = 20

/** The person's tokens, and which sign-in they are of; read from storage each time, since all tabs share them. */
export class StoredTokens {
  #storage

  /** @param {LabelledStorage} storage */
  constructor (storage) {
    this.#storage = storage
  }

  get jwt () {
    return this.#storage.get(ACCESS_TOKEN) ?? undefined
  }

  get refreshToken () {
    return this.#storage.get(REFRESH_TOKEN) ?? undefined
  }

  /**
   * Names the sign-in that has ended last, whichever tab it ended in. Several tabs hear of one sign-out in their own
   * time, and the last of them must not look like another sign-out to a tab where the next person signs in already.
   */
  get lastSignOut () {
    return this.#storage.get(LOGGED_OUT)
  }

  /** Names the sign-in of now. Where several tabs have redeemed a code each, theirs are one sign-in, which ends for all of them. */
  get #signIn () {
    return this.#storage.get(SIGN_IN)
  }

  /** @returns {Promise<boolean>} Whether it is this tab that is to give the tokens back, and no other. */
  async takeSignOut () {
    return this.#signIn === null || await this.#storage.take(LOGGED_OUT, this.#signIn)
  }

  /**
   * Waits until the tab that gives the tokens back has done so, and this one knows.
   * @param {string | null} signOut The last one that is known.
   */
  async signedOutSince (signOut) {
    const giveUp = Date.now() + LONGEST_SIGN_OUT_MS
    while (this.lastSignOut === signOut && this.#signIn !== null && Date.now() < giveUp) {
      await new Promise(resolve => { setTimeout(resolve, SYNC_POLL_MS) })
    }
  }

  noteSignOut () {
    const signIn = this.#signIn ?? randomUUID()
    this.drop()
    this.#storage.set(LOGGED_OUT, signIn)
    // After that, as another tab names it by this.
    this.#storage.remove(SIGN_IN)
  }

  /**
   * What arrives after a sign-out belongs to nobody.
   * @param {string | null} signOut The last one when it was asked for.
   */
  assertSince (signOut) {
    if (signOut !== this.lastSignOut) throw new Error('Signed out meanwhile')
  }

  /** @param {Tokens} tokens */
  store ({ jwt, refreshToken }) {
    if (refreshToken) this.#storage.set(REFRESH_TOKEN, refreshToken)
    else this.#storage.remove(REFRESH_TOKEN)
    if (this.#signIn === null) this.#storage.set(SIGN_IN, randomUUID())
    this.renew(jwt)
  }

  /** @param {string} jwt */
  renew (jwt) {
    this.#storage.set(ACCESS_TOKEN, jwt)
  }

  drop () {
    this.#storage.remove(ACCESS_TOKEN)
    this.#storage.remove(REFRESH_TOKEN)
  }

  /** @param {() => void} callback */
  onStoredElsewhere (callback) {
    this.#storage.onSetElsewhere(ACCESS_TOKEN, callback)
  }

  /** @param {() => void} callback */
  onSignedOutElsewhere (callback) {
    this.#storage.onSetElsewhere(LOGGED_OUT, callback)
    // A page that the browser had put away for the back button has missed that.
    addEventListener('pageshow', callback)
  }
}
