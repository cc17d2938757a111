import { createFetch } from '#lib/outbound/outbound.ts'
import { explainFailure } from './connection-failures.ts'

/** A peer could not be asked, and what to do about that. */
export class Unreachable extends Error {
  override name = 'Unreachable'
  readonly change: string

  constructor (message: string, change: string, cause?: unknown) {
    super(message, { cause })
    this.change = change
  }
}

/** What a peer answered; redirects are not followed. */
export interface Answer {
  url: string
  status: number
  headers: { get (name: string): string | null, getSetCookie (): string[] }
  text: string
  /** where a redirect leads */
  location: URL | undefined
}

const timeoutMs = 5_000
// More than any metadata document or error page has.
const maxBytes = 2_000_000

/** A party that is asked, and the time that its answers tell. */
export class Peer {
  /** clock skew: by how many milliseconds the peer's clock was ahead of ours, at each answer */
  readonly skewsMs: number[] = []
  readonly #caSetting: string
  readonly #deadline: AbortSignal
  readonly #fetch

  /**
   * @param options.caSetting which setting takes a certificate authority that nobody knows
   * @param options.ca such authorities, in PEM
   * @param options.deadline when there is no time for further answers
   */
  constructor ({ caSetting, ca, deadline }: { caSetting: string, ca?: string | undefined, deadline: AbortSignal }) {
    this.#caSetting = caSetting
    this.#deadline = deadline
    this.#fetch = createFetch({ ca, maxBytes })
  }

  /**
   * One request; it has five seconds.
   *
   * @throws {Unreachable} saying why there was no answer, and what to do
   */
  async request (
    url: string, init: { method?: string, headers?: Record<string, string>, body?: URLSearchParams } = {}
  ): Promise<Answer> {
    const startMs = Date.now()
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#deadline])
      const response = await this.#fetch(url, { redirect: 'manual', ...init, signal })
      this.#readClock(response.headers, startMs)
      const text = await response.text()
      const location = response.headers.get('location')
      return {
        url,
        status: response.status,
        headers: response.headers,
        text,
        location: location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined
      }
    } catch (error) {
      const { reason, change } = explainFailure(error, new URL(url), this.#caSetting)
      throw new Unreachable(`${reason} (${init.method ?? 'GET'} ${withoutQuery(url)})`, change, error)
    }
  }

  /** `Date` has whole seconds, and was written somewhere on the way there and back: each is taken by its middle. */
  #readClock (headers: Answer['headers'], startMs: number) {
    const date = Date.parse(headers.get('date') ?? '')
    // What comes from a cache was dated long ago: https://www.rfc-editor.org/rfc/rfc9111#section-5.1
    if (Number.isNaN(date) || Number(headers.get('age') ?? 0) > 0) return
    this.skewsMs.push(date + 500 - (startMs + Date.now()) / 2)
  }
}

const withoutQuery = (url: string) => url.split('?', 1)[0]
