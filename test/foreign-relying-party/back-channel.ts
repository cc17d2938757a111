import express, { type Handler } from 'express'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Registration } from './application.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * The endpoint for logout tokens of an application whose library has none.
 *
 * @param signOut ends the sessions of a `sid`
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export function takeLogoutTokens ({ issuer, clientId }: Registration, signOut: (sid: string) => void): Handler[] {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  return [express.urlencoded({ extended: false }), async ({ body }, response) => {
    const { payload } = await jwtVerify<{ sid?: string, events?: Record<string, unknown> }>(
      body.logout_token, keys, { issuer, audience: clientId, algorithms: ['RS256'] })
    if (payload.events?.[event] === undefined || payload['nonce'] !== undefined || !payload.sid) throw new Error('no logout token')
    signOut(payload.sid)
    response.sendStatus(204)
  }]
}
