import { explainRefusal } from '#lib/oidc/explain-refusal.ts'

/** A sign-in, sign-out or chat hand-over that did not work, as the page about it and the log tell it. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly statusCode: number
  /** the protocol's error code, or one of ours where the protocol has none */
  readonly error: string
  /** in words of ours, which may be logged */
  readonly description: string | undefined
  /** the provider's own words, which may hold anything */
  readonly providerSays: string | undefined
  /** where a click goes to try again; always a click, so that nothing can loop */
  readonly retry: string

  constructor (error: string, options: {
    statusCode?: number
    description?: string | undefined
    providerSays?: string | undefined
    retry?: string
    cause?: unknown
  } = {}) {
    super(`${error}${options.description ? `: ${options.description}` : ''}`, { cause: options.cause })
    this.error = error
    this.description = options.description
    this.providerSays = options.providerSays
    this.statusCode = options.statusCode ?? 400
    this.retry = options.retry ?? '/login'
  }

  /** The same, with another way to try again, which keeps where the person wanted to go. */
  withRetry (retry: string): Refusal {
    const { error, statusCode, description, providerSays, cause } = this
    return new Refusal(error, { statusCode, description, providerSays, cause, retry })
  }
}

/** The same error in our terms, for the page and the log. What the libraries do not explain is a mistake of ours, and stays. */
export function asRefusal (error: unknown): unknown {
  const explanation = error instanceof Refusal ? undefined : explainRefusal(error)
  return explanation ? new Refusal(explanation.error, { ...explanation, cause: error }) : error
}
