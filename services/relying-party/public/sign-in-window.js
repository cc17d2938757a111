// Signing in without leaving the page: the sign-in goes on in a small window, which ends at signed-in.html.

/**
 * @typedef {object} Visitor Talks to the page at the end of the sign-in.
 * @property {(path: string) => void} goTo  sends the window on a round trip from which it returns
 * @property {() => void} close
 */

import { addressOf } from './addresses.js'
import { signInUrl } from './session.js'

const WIDTH = 480
const HEIGHT = 720

/**
 * The identity provider's Cross-Origin-Opener-Policy may cut the tie between the two windows, so neither holds on to the
 * other: they talk over a channel that only they know the name of.
 * @template Result
 * @param {(visitor: Visitor, returnTo: string, visits: number) => Promise<Result | undefined>} returned
 *   what to do each time the window has returned; without a result it has been sent on
 * @returns {Promise<Result>} stays open when the person closes the window, which nobody can tell
 */
export async function signInByWindow (returned) {
  // Not randomUUID, which only pages of a secure context have.
  const id = crypto.getRandomValues(new Uint32Array(4)).join('-')
  const returnTo = `${addressOf('signed-in.html')}?${new URLSearchParams({ id })}`
  const channel = new BroadcastChannel(`sign-in:${id}`)
  try {
    const result = new Promise((resolve, reject) => {
      let visits = 0
      channel.onmessage = () => {
        // Back for the third time, it would be sent round for ever.
        if (++visits > 2) return reject(new Error('The last round trip for a code did not help'))
        const visitor = {
          goTo: (/** @type {string} */ path) => channel.postMessage({ goTo: path }),
          close: () => channel.postMessage({ close: true })
        }
        returned(visitor, returnTo, visits).then((value) => { if (value !== undefined) resolve(value) }, (error) => {
          visitor.close()
          reject(error)
        })
      }
    })
    openWindow(signInUrl(returnTo))
    return await result
  } finally {
    channel.close()
  }
}

/** @param {string} url */
function openWindow (url) {
  const left = Math.round(screenX + (outerWidth - WIDTH) / 2)
  const top = Math.round(screenY + (outerHeight - HEIGHT) / 2)
  const opened = window.open(url, '_blank', `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`)
  if (opened) return
  location.assign(signInUrl())
  throw new Error('The browser has blocked the sign-in window, so signing in goes on in this one')
}
