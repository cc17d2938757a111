import { randomUUID } from '../platform/random-uuid.js'

/** @import { LabelledStorage } from '../platform/labelled-storage.js' */
/** @import { Tokens } from './token-endpoint.js' */

const ACCESS_TOKEN = 'gcatkn'
const REFRESH_TOKEN = 'gcartkn'
const SIGN_IN = 'gcasignin'
const LOGGED_OUT = 'gcalogout'

const SYNC_MS = 1_000
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

  /** The sign-in that the tokens are of, by a name that all tabs share. */
  get signIn () {
    return this.#storage.get(SIGN_IN)
  }

  /**
   * Names the sign-in that has ended last, whichever tab it ended in. Several tabs hear of one sign-out in their own
   * time, and the last of them must not look like another sign-out to a tab where the next person signs in already.
   */
  get lastSignOut () {
    return this.#storage.get(LOGGED_OUT)
  }

  /**
   * Waits until there was another sign-out, for as long as it may take from one tab to another.
   * @param {string | null} signOut
   */
  async signedOutSince (signOut) {
    const giveUp = Date.now() + SYNC_MS
    while (this.lastSignOut === signOut && Date.now() < giveUp) await new Promise(resolve => { setTimeout(resolve, SYNC_POLL_MS) })
  }

  /** @param {string} signIn */
  noteSignOut (signIn) {
    this.#storage.set(LOGGED_OUT, signIn)
  }

  /**
   * What arrives after a sign-out belongs to nobody.
   * @param {string | null} signOut The last one when it was asked for.
   */
  assertSince (signOut) {
    if (signOut !== this.lastSignOut) throw new Error('Signed out meanwhile')
  }

  /** @param {Tokens} tokens Of a new sign-in. */
  store ({ jwt, refreshToken }) {
    if (refreshToken) this.#storage.set(REFRESH_TOKEN, refreshToken)
    else this.#storage.remove(REFRESH_TOKEN)
    this.#storage.set(SIGN_IN, randomUUID())
    this.renew(jwt)
  }

  /** @param {string} jwt */
  renew (jwt) {
    this.#storage.set(ACCESS_TOKEN, jwt)
  }

  drop () {
    this.#storage.remove(ACCESS_TOKEN)
    this.#storage.remove(REFRESH_TOKEN)
    this.#storage.remove(SIGN_IN)
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
