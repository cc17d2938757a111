/** A sign-in, sign-out or chat hand-over that did not work, as the page about it and the log tell it. */
export class SignInError extends Error {
  override name = 'SignInError'
  readonly statusCode: number
  /** the protocol's error code, or one of ours where the protocol has none */
  readonly error: string
  readonly description: string | undefined
  /** where a click goes to try again; always a click, so that nothing can loop */
  readonly retry: string

  constructor (error: string, options: {
    statusCode?: number
    description?: string | undefined
    retry?: string
    cause?: unknown
  } = {}) {
    super(`${error}${options.description ? `: ${options.description}` : ''}`, { cause: options.cause })
    this.error = error
    this.description = options.description
    this.statusCode = options.statusCode ?? 400
    this.retry = options.retry ?? '/login'
  }
}
