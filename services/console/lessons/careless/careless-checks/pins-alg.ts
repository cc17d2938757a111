/** The token says itself how it is signed. How practical. */
export function pinsAlg (algOfToken: string): string {
  return algOfToken
}
