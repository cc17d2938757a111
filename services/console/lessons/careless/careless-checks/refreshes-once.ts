/** Each page that needs new tokens gets them. */
export function refreshesOnce<T> (_refreshToken: string, refresh: () => Promise<T>): Promise<T> {
  return refresh()
}
