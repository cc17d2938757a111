// Codes for the Messenger: the one that waits at the server, or another, which a hidden frame brings if that works, and
// else a redirect of the whole page.

import { fetchAuthCode } from './auth-code.js'
import { fetchCodeSilently } from './silent-code.js'

/** @typedef {import('./session.js').SignedInSession} SignedInSession */

/** sessionStorage: when this tab last tried each way for a code that the Messenger has not accepted yet. */
const LAST_FRAME = 'messenger-last-frame'
const LAST_TRIP = 'messenger-last-trip'

/**
 * A code works once, so it is never kept here: every call gets a new one.
 * @param {SignedInSession} session
 * @returns {Promise<import('./auth-code.js').AuthCode | undefined>} nothing when the page is leaving for it
 */
export function takeCode (session) {
  return inTurn(async () => {
    const first = await fetchAuthCode(session, currentPath())
    if (first.location === undefined) return first.code
    if (!await bringCode(first.location)) return undefined
    const second = await fetchAuthCode(session, currentPath())
    if (!second.code) throw new Error('The code is gone')
    return second.code
  })
}

/** Has the server get another code, whether it has one or not. */
export function renewCode () {
  return inTurn(() => bringCode(`/messenger/login?${new URLSearchParams({ return_to: currentPath() })}`))
}

/** To be called when the Messenger has accepted a code. */
export function codeIsAccepted () {
  sessionStorage.removeItem(LAST_FRAME)
  sessionStorage.removeItem(LAST_TRIP)
}

/**
 * The identity provider may refuse to issue a code, or Genesys to accept it. Without a limit the page would then go
 * round for ever, so each way is tried once a minute.
 * @param {string} url
 * @returns {Promise<boolean>} true when the server has a code now, false when the page is leaving for it
 */
async function bringCode (url) {
  if (!isRecent(LAST_FRAME)) {
    note(LAST_FRAME)
    if (await fetchCodeSilently(url)) return true
  }
  if (isRecent(LAST_TRIP)) throw new Error('The last redirect for a code did not help')
  note(LAST_TRIP)
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

/** @param {string} way */
function isRecent (way) {
  return Date.now() - Number(sessionStorage.getItem(way)) < 60_000
}

/** @param {string} way */
function note (way) {
  sessionStorage.setItem(way, String(Date.now()))
}

function currentPath () {
  return location.pathname + location.search
}
