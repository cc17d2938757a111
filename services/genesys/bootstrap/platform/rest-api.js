/**
 * A refused or unanswered REST call; `status` is 0 when there was no answer.
 */
export class RestError extends Error {
  /**
   * @param {number} status
   * @param {string} statusText
   * @param {unknown} body
   * @param {number} [retryAfter] Seconds, where the service says when to ask again.
   */
  constructor (status, statusText, body, retryAfter) {
    const { message, code, contextId } = /** @type {{ message?: string, code?: string, contextId?: string }} */ (body ?? {})
    super(message ?? (statusText || 'No answer'))
    this.status = status
    this.statusText = statusText
    this.data = body
    this.code = code
    this.contextId = contextId
    this.retryAfter = retryAfter
  }

  /** The fields of the platform's error body that events carry. */
  get details () {
    return { message: this.message, code: this.code, status: this.status, contextId: this.contextId }
  }
}

const REQUEST_TIMEOUT_MS = 20_000

/**
 * @typedef {object} RequestOptions
 * @property {unknown} [body]
 * @property {string} [jwt]
 * @property {AbortSignal} [signal]
 * @property {boolean} [keepalive] It goes on when the page is left.
 *
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} url
 * @param {RequestOptions} [options]
 */
export async function requestJson (method, url, { body, jwt, signal, keepalive = false } = {}) {
  const headers = new Headers()
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (jwt !== undefined) headers.set('authorization', `bearer ${jwt}`)
  /** @type {Response} */
  let response
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'omit',
      keepalive,
      signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(signal ? [signal] : [])])
    })
  } catch {
    throw new RestError(0, '', undefined)
  }
  const data = await response.json().catch(() => undefined)
  if (!response.ok) {
    const retryAfter = Number(response.headers.get('retry-after')) || undefined
    throw new RestError(response.status, response.statusText, data, retryAfter)
  }
  return { status: response.status, statusText: response.statusText, data: /** @type {unknown} */ (data) }
}
