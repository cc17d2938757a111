import { createHash } from 'node:crypto'

/**
 * The code works only for whoever knows the verifier. The provider gets its hash with the request, and the verifier itself, which
 * never leaves this site until then, with the code.
 *
 * @returns parameters of the authorization request
 * @see https://www.rfc-editor.org/rfc/rfc7636#section-4.2
 */
export function sendsPkce (codeVerifier: string): Record<string, string> {
  return {
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256'
  }
}
