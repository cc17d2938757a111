const areas = /** @type {const} */ (['sessionStorage', 'localStorage'])

/** The name that was kept: a window has its own, so that two windows can be two people; a new one begins with the name used last. */
export function agentName () {
  for (const area of areas) {
    const name = attempt(() => window[area].getItem('name'))
    if (name) return name
  }
  return 'Sam'
}

/** @param {string} name */
export function keepAgentName (name) {
  for (const area of areas) attempt(() => window[area].setItem('name', name))
}

/**
 * The very property throws where a browser keeps nothing for a page; then the name holds for as long as the page does.
 * @template Result
 * @param {() => Result} use
 */
function attempt (use) {
  try {
    return use()
  } catch {
    return undefined
  }
}
