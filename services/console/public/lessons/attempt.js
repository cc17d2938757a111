/** @import { AttemptView } from './types.js' */

/** The attempt at one lesson that this browser is at. */
export class Attempt {
  #lesson
  #show
  #id = ''
  /** @type {EventSource | undefined} */
  #events

  /**
   * @param {number} lesson
   * @param {(view: AttemptView | undefined) => void} show
   */
  constructor (lesson, show) {
    this.#lesson = lesson
    this.#show = show
  }

  /** Go on with the one that was begun before, if there is one. */
  async resume () {
    const { attempt } = await call('GET', `lessons/${this.#lesson}/attempt`)
    if (attempt) this.#follow(attempt)
    else this.#show(undefined)
  }

  /** Begin anew; of the one before nothing is left. */
  async begin () {
    this.#follow(await call('POST', `lessons/${this.#lesson}/attempts`))
  }

  /** @param {string} what @param {object} body */
  put (what, body) {
    return call('PUT', `attempts/${this.#id}/${what}`, body)
  }

  /** @param {string} what */
  post (what) {
    return call('POST', `attempts/${this.#id}/${what}`)
  }

  /** @param {AttemptView} view */
  #follow (view) {
    this.#id = view.id
    this.#show(view)
    this.#events?.close()
    this.#events = new EventSource(`attempts/${view.id}/events`)
    this.#events.addEventListener('attempt', ({ data }) => this.#show(JSON.parse(data)))
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 */
export async function call (method, path, body) {
  const response = await fetch(path, { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })
  const text = await response.text()
  const answer = text === '' ? {} : JSON.parse(text)
  if (!response.ok) throw new Error(answer.error_description ?? `The lab has answered ${response.status}.`)
  return answer
}
