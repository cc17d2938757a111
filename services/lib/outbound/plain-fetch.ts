import { createConnections, type ConnectionOptions } from './outbound.ts'

/** A request as OAuth clients make it. */
interface PlainRequest {
  method?: string
  headers?: Record<string, string> | Headers
  body?: string | URLSearchParams | Uint8Array | ArrayBuffer | ReadableStream | null | undefined
  signal?: AbortSignal | undefined
}

/**
 * As much of `fetch` as OAuth clients need, for half of what `fetch` costs: what goes out is text or a form, no redirect is
 * followed, and the answer is read whole.
 *
 * @returns a function that rejects like `fetch`: with the reason of the signal, or with a `TypeError` whose cause says what
 *   went wrong with the connection
 * @throws {CertificateError} when `ca` holds no certificate, or a malformed one
 */
export function createPlainFetch (options: ConnectionOptions) {
  const connections = createConnections(options)
  const { userAgent } = options

  return async (input: string | URL, { method = 'GET', headers, body, signal }: PlainRequest = {}): Promise<Response> => {
    const { origin, pathname, search } = new URL(input)
    try {
      const answer = await connections().request({
        origin,
        path: pathname + search,
        method: method as 'GET',
        // Without it, any coding would be welcome.
        headers: { ...Object.fromEntries(new Headers(headers)), ...(userAgent && { 'user-agent': userAgent }), 'accept-encoding': 'identity' },
        body: textOf(body),
        signal: signal ?? null
      })
      const bytes = await answer.body.arrayBuffer()
      const answered = Object.entries(answer.headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one]))
      return new Response(bytes.byteLength > 0 ? bytes : null, { status: answer.statusCode, headers: answered })
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

function textOf (body: PlainRequest['body']): string | null {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof URLSearchParams) return body.toString()
  throw new TypeError('only text and forms are sent')
}
