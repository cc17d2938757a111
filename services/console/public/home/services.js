import { find } from '../elements.js'

/** @import { Running } from '../running.js' */

/** What runs, and what is not reached. */
export class Services {
  /** @param {Running | undefined} running */
  show (running) {
    for (const item of document.querySelectorAll('[data-service]')) {
      const service = item.getAttribute('data-service') ?? ''
      const place = find(`[data-service="${service}"] .reached`, HTMLElement)
      const state = !running ? 'unknown' : running.services[service] ? 'yes' : 'no'
      if (place.dataset['state'] === state) continue
      place.dataset['state'] = state
      place.textContent = state === 'yes' ? 'runs' : state === 'no' ? 'is not reached' : 'unknown, as the console does not answer'
    }
  }
}
