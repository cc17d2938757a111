// What the tabs of this browser tell each other: who is signed in.

/** @typedef {string | null} Who The person's `sub`, or null for nobody. */

const channel = new BroadcastChannel('session')

/** @type {Who | undefined} */
let lastSaid

/** @type {Who | undefined} */
let known

/**
 * Hears when another tab knows better than this one. What it says is not taken for true, but a reason to ask the server.
 * @param {() => void} onNews
 */
export function hearTabs (onNews) {
  channel.onmessage = ({ data }) => {
    lastSaid = data
    if (data !== known) onNews()
  }
}

/**
 * Tells the other tabs who is signed in, unless the last of them to speak has said the same.
 * @param {Who} who
 */
export function tellTabs (who) {
  known = who
  if (who === lastSaid) return
  lastSaid = who
  channel.postMessage(who)
}
