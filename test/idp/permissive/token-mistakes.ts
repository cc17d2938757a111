import { createHash } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { elsewhere, signIn, tokensOf, type Mistake, type Parameters } from './mistake.ts'

const minutes = 60

const redeem = (changes: Parameters): Mistake['make'] => async (idp, client) =>
  tokensOf(await idp.redeem(client, await idp.codeFor('alice', client), changes))

const redeemAs = (changes: Partial<RegisteredClient>): Mistake['make'] => async (idp, client) => {
  const code = await idp.codeFor('alice', client)
  return tokensOf(await idp.redeem({ ...client, ...changes }, code, { client_id: client.client_id }))
}

/** What a client can do wrong in a token request. */
export const tokenMistakes: Mistake[] = [
  {
    rule: 'client-authentication-missing',
    section: 'rfc6749#section-3.2.1',
    doing: 'does not authenticate',
    endpoint: 'token',
    refusal: 'invalid_client',
    make: redeemAs({ token_endpoint_auth_method: 'none' })
  },
  {
    rule: 'client-secret-wrong',
    section: 'rfc6749#section-2.3.1',
    doing: 'authenticates with a wrong secret in the header',
    endpoint: 'token',
    refusal: 'invalid_client',
    make: redeemAs({ client_secret: 'not-the-secret-of-anybody' })
  },
  {
    rule: 'client-secret-wrong',
    section: 'rfc6749#section-2.3.1',
    doing: 'authenticates with a wrong secret in the form',
    endpoint: 'token',
    refusal: 'invalid_client',
    make: redeemAs({ client_secret: 'not-the-secret-of-anybody', token_endpoint_auth_method: 'client_secret_post' })
  },
  {
    rule: 'client-authentication-method',
    section: 'openid-connect-core-1_0.html#ClientAuthentication',
    doing: 'authenticates with a secret, where it is registered to sign an assertion',
    endpoint: 'token',
    refusal: 'invalid_client',
    async make (idp, client) {
      const { publicKey } = await generateKeyPair('ES256')
      const { client_id: id, client_secret: _none, ...fields } = client
      await idp.lab.clients.put(id, {
        ...fields,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...await exportJWK(publicKey), alg: 'ES256' }] }
      })
      return await redeem({})(idp, client, client)
    }
  },
  {
    rule: 'client-authentication-method',
    section: 'openid-connect-core-1_0.html#ClientAuthentication',
    doing: 'authenticates with a secret, where it is registered to have none',
    endpoint: 'token',
    refusal: 'invalid_client',
    async make (idp, client) {
      const { client_id: id, client_secret: _none, ...fields } = client
      await idp.lab.clients.put(id, { ...fields, token_endpoint_auth_method: 'none' })
      return await redeem({})(idp, client, client)
    }
  },
  {
    rule: 'code-verifier-missing',
    section: 'rfc7636#section-4.6',
    doing: 'redeems a code without the verifier',
    endpoint: 'token',
    refusal: 'invalid_grant',
    make: redeem({ code_verifier: undefined })
  },
  {
    rule: 'code-verifier-wrong',
    section: 'rfc7636#section-4.6',
    doing: 'redeems a code with another verifier',
    endpoint: 'token',
    refusal: 'invalid_grant',
    make: redeem({ code_verifier: 'another-code-verifier-that-is-long-enough-to-be-one' })
  },
  {
    rule: 'code-verifier-wrong',
    section: 'rfc7636#section-4.6',
    doing: 'redeems a code with something that is no verifier',
    endpoint: 'token',
    refusal: 'invalid_request',
    make: signIn({ code_challenge: createHash('sha256').update('short').digest('base64url') }, { code_verifier: 'short' })
  },
  {
    rule: 'code-verifier-unasked',
    section: 'rfc9700#section-2.1.1',
    doing: 'sends a verifier for a code that has no challenge',
    endpoint: 'token',
    refusal: 'invalid_grant',
    before: ['pkce-missing'],
    async make (idp, client) {
      const { client_id: id, permissive } = client
      await idp.lab.clients.patch(id, { permissive: true })
      const code = await idp.codeFor('alice', client, { code_challenge: undefined, code_challenge_method: undefined })
      await idp.lab.clients.patch(id, { permissive })
      return tokensOf(await idp.redeem(client, code))
    }
  },
  {
    rule: 'token-request-redirect-uri',
    section: 'rfc6749#section-4.1.3',
    doing: 'redeems a code with another redirect URI',
    endpoint: 'token',
    refusal: 'invalid_grant',
    make: redeem({ redirect_uri: elsewhere })
  },
  {
    rule: 'token-request-redirect-uri',
    section: 'rfc6749#section-4.1.3',
    doing: 'redeems a code without a redirect URI',
    endpoint: 'token',
    refusal: 'invalid_request',
    make: redeem({ redirect_uri: undefined })
  },
  {
    rule: 'code-replayed',
    section: 'rfc6749#section-4.1.2',
    doing: 'redeems a code twice',
    endpoint: 'token',
    refusal: 'invalid_grant',
    async make (idp, client) {
      const code = await idp.codeFor('alice', client)
      await idp.redeem(client, code)
      return tokensOf(await idp.redeem(client, code))
    }
  },
  {
    rule: 'code-expired',
    section: 'rfc6749#section-4.1.2',
    doing: 'redeems a code too late',
    endpoint: 'token',
    refusal: 'invalid_grant',
    async make (idp, client) {
      const code = await idp.codeFor('alice', client)
      await idp.lab.clock.advance(9 * minutes)
      return tokensOf(await idp.redeem(client, code))
    }
  },
  {
    rule: 'code-of-another-client',
    section: 'rfc6749#section-4.1.3',
    doing: 'redeems the code of another client',
    endpoint: 'token',
    refusal: 'invalid_grant',
    async make (idp, client, other) {
      const code = await idp.codeFor('alice', other)
      return tokensOf(await idp.redeem(client, code, { redirect_uri: other.redirect_uris[0] }))
    }
  },
  {
    rule: 'refresh-token-reused',
    section: 'rfc9700#section-4.14.2',
    doing: 'uses a refresh token again that was replaced',
    endpoint: 'token',
    refusal: 'invalid_grant',
    async make (idp, client) {
      const { refresh_token: refreshToken } = await idp.tokensFor('alice', client)
      await idp.refresh(client, refreshToken!)
      return tokensOf(await idp.refresh(client, refreshToken!))
    }
  },
  {
    rule: 'refresh-token-of-another-client',
    section: 'rfc6749#section-10.4',
    doing: 'uses the refresh token of another client',
    endpoint: 'token',
    refusal: 'invalid_grant',
    async make (idp, client, other) {
      const { refresh_token: refreshToken } = await idp.tokensFor('alice', other)
      return tokensOf(await idp.refresh(client, refreshToken!))
    }
  }
]
