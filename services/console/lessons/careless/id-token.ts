import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Refused } from './refused.ts'

/** What an ID token or a logout token says. */
export interface Claims {
  iss: string
  sub: string
  aud: string | string[]
  exp: number
  nonce?: string
  sid?: string
  jti?: string
  events?: Record<string, unknown>
}

/**
 * Take a token apart, without believing any of it.
 *
 * @throws {Refused} where it is none
 */
export function decode (token: string): { claims: Claims, alg: string, kid: string } {
  try {
    const { alg = '', kid = '' } = headerOf(token)
    return { claims: decodeJwt<Claims>(token) as Claims, alg, kid }
  } catch {
    throw new Refused('This is no token.')
  }
}

// jose refuses to read the header of one without a signature.
function headerOf (token: string): { alg?: string, kid?: string } {
  const [header = '', payload, signature] = token.split('.')
  return signature === '' ? JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg?: string } : decodeProtectedHeader(`${header}.${payload}.${signature}`)
}
