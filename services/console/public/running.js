/**
 * What runs just now: which services the console reaches, which realms there are, and the names of those that are gone but have left
 * messages behind. `version` is another whenever something may have been changed or used up.
 * @typedef {{ services: Record<string, boolean>, realms: { name: string, issuer: string }[], pastRealms: string[], version: string }} Running
 */

const everyMs = 2_000

/** @type {Set<(running: Running | undefined) => void>} */
const listeners = new Set()
/** @type {Running | undefined} */
let latest

/**
 * Be told what runs, again and again; nothing when the console itself does not answer.
 *
 * Asked for, and no stream: a browser has six connections to a host, and the streams of a few tabs would leave none.
 * @param {(running: Running | undefined) => void} listener
 */
export function watchRunning (listener) {
  listeners.add(listener)
  if (listeners.size === 1) ask()
  else if (latest) listener(latest)
}

async function ask () {
  if (!document.hidden) {
    latest = await fetch('running').then(response => response.ok ? response.json() : undefined).catch(() => undefined)
    for (const listener of listeners) listener(latest)
  }
  setTimeout(ask, everyMs)
}
