const underWay = new Map<string, Promise<unknown>>()

/**
 * Single flight: a refresh token is spent once, however many pages need new tokens at this moment. Those that come while it is under
 * way wait for its outcome.
 *
 * @param refreshToken which token is to be spent
 * @param refresh spends it
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export function refreshesOnce<T> (refreshToken: string, refresh: () => Promise<T>): Promise<T> {
  const first = underWay.get(refreshToken) as Promise<T> | undefined
  if (first) return first
  const outcome = refresh().finally(() => underWay.delete(refreshToken))
  underWay.set(refreshToken, outcome)
  return outcome
}
