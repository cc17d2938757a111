// Codes for the Messenger: the one that waits at the server, or another. A hidden frame brings it or, where a browser keeps
// cookies from frames, a redirect of the whole page.

import { currentPlace, messengerSignInUrl } from './addresses.js'
import { CodeRefused, fetchAuthCode } from './auth-code.js'
import { tabStorage } from './browser-storage.js'
import { fetchCodeSilently, needsRedirect } from './silent-code.js'

/** @typedef {import('./session.js').SignedInSession} SignedInSession */

/** sessionStorage: when this tab last tried each way for a code that the Messenger has not accepted yet. */
const LAST_FRAME = 'messenger-last-frame'
const LAST_TRIP = 'messenger-last-trip'

/** sessionStorage: a code was brought for this tab, and not taken yet. */
const WAITS = 'messenger-code-waits'

/**
 * A code works once, so it is never kept here: every call gets a new one.
 * @param {SignedInSession} session
 * @returns {Promise<import('./auth-code.js').AuthCode | undefined>} nothing when the page is leaving for it
 */
export function takeCode (session) {
  return inTurn(async () => {
    if (!tabStorage.get(WAITS) && !await bringCode(messengerSignInUrl())) return undefined
    tabStorage.remove(WAITS)
    const first = await fetchAuthCode(session, currentPlace())
    if (first.location === undefined) return first.code
    // Another tab may have taken it, or it has waited for too long.
    if (!await bringCode(first.location)) return undefined
    tabStorage.remove(WAITS)
    const second = await fetchAuthCode(session, currentPlace())
    if (!second.code) throw new Error('The code is gone')
    return second.code
  })
}

/** Has the server get another code, whether it has one or not. */
export function renewCode () {
  return inTurn(() => bringCode(messengerSignInUrl()))
}

/**
 * To be called when the page leaves for a code.
 * @returns {boolean} false when it will not know that it has been there
 */
export function expectCode () {
  note(LAST_TRIP)
  return tabStorage.set(WAITS, 'true')
}

/** To be called when the Messenger has accepted a code. */
export function codeIsAccepted () {
  tabStorage.remove(LAST_FRAME)
  tabStorage.remove(LAST_TRIP)
}

/**
 * The identity provider may refuse to issue a code, or Genesys to accept it. Without a limit the page would then go
 * round for ever, so each way is tried once a minute. And the page does not leave for a provider that has an error page of its
 * own to show, for all that a frame can tell.
 * @param {string} url
 * @throws {CodeRefused}
 * @returns {Promise<boolean>} true when the server has a code now, false when the page is leaving for it
 */
async function bringCode (url) {
  if (!isRecent(LAST_FRAME)) {
    note(LAST_FRAME)
    const outcome = await unlessLeft(fetchCodeSilently(url))
    if (outcome === 'code') {
      tabStorage.set(WAITS, 'true')
      return true
    }
    if (!needsRedirect(outcome)) {
      note(LAST_TRIP)
      throw new CodeRefused(outcome)
    }
  }
  if (isRecent(LAST_TRIP)) throw new Error('The last redirect for a code did not help')
  // Where the browser keeps nothing there would be no limit; the person may go.
  if (!expectCode()) throw new CodeRefused('login_required')
  location.assign(url)
  return false
}

/**
 * The server has one code for all tabs of this browser: without turns, one tab would take what another has brought.
 * @template Result
 * @param {() => Promise<Result>} task
 * @returns {Promise<Result>}
 */
async function inTurn (task) {
  return 'locks' in navigator ? await navigator.locks.request('messenger-code', task) : await task()
}

/**
 * Whoever reloads the page meanwhile has not seen that the frame is of no use.
 * @param {Promise<string>} outcome
 */
async function unlessLeft (outcome) {
  const under = new AbortController()
  addEventListener('pagehide', () => tabStorage.remove(LAST_FRAME), { signal: under.signal })
  try {
    return await outcome
  } finally {
    under.abort()
  }
}

/** @param {string} way */
function isRecent (way) {
  return Date.now() - Number(tabStorage.get(way)) < 60_000
}

/** @param {string} way */
function note (way) {
  tabStorage.set(way, String(Date.now()))
}
