/**
 * A refused or unanswered REST call; `status` is 0 when there was no answer.
 */
export class RestError extends Error {
  /**
   * @param {number} status
   * @param {string} statusText
   * @param {unknown} body
   */
  constructor (status, statusText, body) {
    const { message, code, contextId } = /** @type {{ message?: string, code?: string, contextId?: string }} */ (body ?? {})
    super(message ?? (statusText || 'No answer'))
    this.status = status
    this.statusText = statusText
    this.data = body
    this.code = code
    this.contextId = contextId
  }

  /** The fields of the platform's error body that events carry. */
  get details () {
    return { message: this.message, code: this.code, status: this.status, contextId: this.contextId }
  }
}

/**
 * @param {'GET' | 'POST' | 'DELETE'} method
 * @param {string} url
 * @param {{ body?: unknown, jwt?: string, signal?: AbortSignal }} [options]
 */
export async function requestJson (method, url, { body, jwt, signal } = {}) {
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
      signal: AbortSignal.any([AbortSignal.timeout(20_000), ...(signal ? [signal] : [])])
    })
  } catch {
    throw new RestError(0, '', undefined)
  }
  const data = await response.json().catch(() => undefined)
  if (!response.ok) throw new RestError(response.status, response.statusText, data)
  return { status: response.status, statusText: response.statusText, data: /** @type {unknown} */ (data) }
}
