import * as client from 'openid-client'
import type { ProviderConfig } from '../config.ts'
import { readPrivateKey } from './private-key.ts'

/**
 * How this application proves to the provider who it is.
 *
 * @param authentication the method, with its secret or key
 * @returns what openid-client and oauth4webapi call with each request that needs the proof
 * @see https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication
 */
export async function clientAuthenticationOf (authentication: ProviderConfig['authentication']): Promise<client.ClientAuth> {
  switch (authentication.method) {
    case 'client_secret_basic': return client.ClientSecretBasic(authentication.secret)
    case 'client_secret_post': return client.ClientSecretPost(authentication.secret)
    case 'private_key_jwt': {
      const { key, kid, header } = await readPrivateKey(authentication.key)
      // Left alone, it is the issuer: an endpoint is a name that another provider could have made its own.
      const audience = authentication.audience !== undefined && { aud: authentication.audience }
      return client.PrivateKeyJwt(kid === undefined ? key : { key, kid }, {
        [client.modifyAssertion]: (ours, payload) => {
          Object.assign(ours, header)
          Object.assign(payload, audience)
        }
      })
    }
  }
}
