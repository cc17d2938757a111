// The Messenger's next code without leaving the page: the authorization request goes on in a hidden frame.

import { tabStorage } from './browser-storage.js'

/** Milliseconds that the frame has for the whole round trip, which a browser in front of a slow provider may need. */
const PATIENCE = 10_000

/** The same once a document has loaded: the last one has spoken by then, and others were to lead on at once. */
const PATIENCE_AFTER_LOAD = 2_000

/** sessionStorage: here it is of no use to try. */
const IN_VAIN = 'messenger-frame-in-vain'

/** What comes of cookies that a frame goes without: those of the provider, or our own on the way back from it. */
const cookiesWithheld = new Set(['login_required', 'state_unknown'])

const redirectHelps = new Set([...cookiesWithheld, 'consent_required', 'interaction_required', 'account_selection_required'])

/**
 * Whether the provider has understood the request, and would go on if it could show a page, or if there were the cookies that
 * a frame goes without.
 * @param {string} outcome as of `fetchCodeSilently`
 */
export function needsRedirect (outcome) {
  return redirectHelps.has(outcome)
}

/**
 * Has the server get a code. Browsers that withhold the cookies of other sites from frames keep the provider from seeing
 * who is signed in, and some keep us from seeing whom it answers. That does not change while a tab is open, so after one such
 * attempt this tab makes no other: each would only delay the redirect that it needs anyway.
 * @param {string} url the answer's `location` when a code is required
 * @returns {Promise<string>} `code` when the server has one now, else the error: `no_answer` when the frame does not get there
 */
export async function fetchCodeSilently (url) {
  if (tabStorage.get(IN_VAIN)) return 'login_required'
  const outcome = await outcomeInFrame(`${url}&frame=true`)
  if (outcome && cookiesWithheld.has(outcome)) tabStorage.set(IN_VAIN, 'true')
  return outcome ?? 'no_answer'
}

/**
 * @param {string} url
 * @returns {Promise<string | undefined>} what `messenger-frame.js` says, or nothing when the frame does not get there
 */
async function outcomeInFrame (url) {
  const frame = document.createElement('iframe')
  const listening = new AbortController()
  try {
    return await new Promise((resolve) => {
      let patience = setTimeout(resolve, PATIENCE)
      frame.addEventListener('load', () => {
        clearTimeout(patience)
        patience = setTimeout(resolve, PATIENCE_AFTER_LOAD)
      })
      addEventListener('message', ({ origin, source, data }) => {
        const ours = origin === location.origin && source === frame.contentWindow
        if (ours && data?.type === 'messenger-code') resolve(data.outcome)
      }, { signal: listening.signal })
      // Loads all the same, and is nothing to anybody who looks, listens or tabs through the page.
      frame.hidden = true
      frame.src = url
      document.body.append(frame)
    })
  } finally {
    listening.abort()
    frame.remove()
  }
}
