import { EventSourceParserStream } from 'eventsource-parser/stream'
import { createFetch } from '#lib/outbound/outbound.ts'

// A stream has a sign of life twice a minute.
const silenceMs = 75_000
const firstRetryMs = 200
const maxRetryMs = 3_000

const fetch = createFetch({ timeouts: { body: silenceMs, connect: 2_000 }, userAgent: 'console' })

/** A server-sent event. */
export interface StreamedEvent {
  event?: string | undefined
  id?: string | undefined
  data: string
}

/** Follows server-sent events, whenever whoever sends them runs. */
export class EventStream {
  readonly #address: () => string
  readonly #listener: (event: StreamedEvent) => 'again' | void
  readonly #ended = new AbortController()
  readonly #retries = new AbortController()
  #reached = false

  /**
   * @param address where the events are to be had, asked before each attempt
   * @param listener is given each of them; where it says `again`, the stream is asked for anew
   */
  constructor (address: () => string, listener: (event: StreamedEvent) => 'again' | void) {
    this.#address = address
    this.#listener = listener
    this.#follow().catch(() => {})
  }

  /** Whether it is being answered now. */
  get reached (): boolean {
    return this.#reached
  }

  stop (): void {
    this.#ended.abort()
    this.#retries.abort()
  }

  /** Take what is still under way, and then no more: whoever sends it ends it. */
  finish (): void {
    this.#retries.abort()
  }

  async #follow (): Promise<void> {
    let retryMs = firstRetryMs
    do {
      try {
        await this.#read(() => { retryMs = firstRetryMs })
      } catch {
        // It does not run, has been stopped or is no lab: all of that may change.
      }
      this.#reached = false
      // Backoff: a service that is down is asked seldom.
      await pause(retryMs, this.#retries.signal)
      retryMs = Math.min(retryMs * 2, maxRetryMs)
    } while (!this.#retries.signal.aborted)
  }

  async #read (onReached: () => void): Promise<void> {
    const response = await fetch(this.#address(), { headers: { accept: 'text/event-stream' }, signal: this.#ended.signal })
    if (!response.ok || !response.body) {
      await response.body?.cancel()
      return
    }
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    for await (const event of events) {
      onReached()
      this.#reached = true
      if (this.#listener(event) === 'again') return
    }
  }
}

const pause = (ms: number, signal: AbortSignal) => new Promise<void>(resolve => {
  if (signal.aborted) return resolve()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    resolve()
  }, { once: true })
})
