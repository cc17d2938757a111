/**
 * A call of the control API.
 * @typedef {{ method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown }} Call path below `/lab`
 */

/** A call that was refused, or could not be made. `mistakes` are about what was sent: where, as `claims.name`, and what. */
export class Refusal extends Error {
  /** @param {string} description */
  constructor (description) {
    super(description)
    this.mistakes = description.replace(/^[\w-]+: (?=parameters\.)/, '').split(/; (?=(?:body|path|parameters)\.)/).map(mistake => {
      const [, where = '', what = mistake] = /^(?:body|path|parameters)\.([^:]+): (.*)$/s.exec(mistake) ?? []
      return { where, what }
    })
  }
}

/** The control API of one issuer. The console hands on what it is asked, so a call has the same path here as there. */
export class ControlApi {
  #issuer
  #base

  /**
   * @param {string} root the issuer at the root
   * @param {string} realm '' for that at the root
   */
  constructor (root, realm) {
    this.#base = realm === '' ? '' : `realms/${encodeURIComponent(realm)}/`
    this.#issuer = `${root.replace(/\/+$/, '')}/${this.#base}`
  }

  /**
   * @param {Call} call
   * @returns what was answered
   * @throws {Refusal}
   */
  async ask ({ method, path, body }) {
    const headers = { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) }
    const response = await fetch(`${this.#base}lab${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
      .catch(() => { throw new Refusal('The console does not answer.') })
    const text = await response.text()
    if (!response.ok) throw new Refusal(descriptionIn(text) ?? `The console has answered ${response.status}.`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /**
   * The same call for a shell, as the identity provider itself takes it.
   * @param {Call} call
   */
  curlOf ({ method, path, body }) {
    return [
      'curl', ...(method === 'GET' ? [] : ['-X', method]), quoted(`${this.#issuer}lab${path}`),
      ...(body === undefined ? [] : ['-H', quoted('content-type: application/json'), '-d', quoted(JSON.stringify(body))])
    ].join(' ')
  }
}

/** @param {string} text */
function descriptionIn (text) {
  try {
    return /** @type {{ error_description?: string }} */ (JSON.parse(text)).error_description
  } catch {
    return undefined
  }
}

// Nothing has a meaning between single quotes, but for such a quote itself.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02
const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`
