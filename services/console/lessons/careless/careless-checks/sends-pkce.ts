/** We have a client secret. That will do. */
export function sendsPkce (_codeVerifier: string): Record<string, string> {
  return {}
}
