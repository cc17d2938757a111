import { generateKeyPair } from 'jose'
import { ClientSecretBasic, ClientSecretPost, PrivateKeyJwt, type AuthorizationServer, type ClientAuth } from 'oauth4webapi'
import type { ProviderConfig } from '../../../services/relying-party/config.ts'
import type { Answer, Peer } from './peer.ts'

type Authentication = ProviderConfig['authentication']

/** The way of `clientAuthenticationOf`, by somebody who has neither the secret nor the key. */
export async function impostorsAuthOf (authentication: Authentication): Promise<ClientAuth> {
  switch (authentication.method) {
    case 'client_secret_basic': return ClientSecretBasic(crypto.randomUUID())
    case 'client_secret_post': return ClientSecretPost(crypto.randomUUID())
    case 'private_key_jwt': {
      const { privateKey } = await generateKeyPair('RS256')
      return PrivateKeyJwt(privateKey)
    }
  }
}

/** A form that a client sends with proof of who it is. */
export async function postAsClient (
  peer: Peer,
  { url, metadata, clientId, auth, form }: {
    url: string, metadata: AuthorizationServer, clientId: string, auth: ClientAuth, form: Record<string, string>
  }
): Promise<Answer> {
  const body = new URLSearchParams(form)
  const headers = new Headers({ accept: 'application/json' })
  await auth(metadata, { client_id: clientId }, body, headers)
  return peer.request(url, { method: 'POST', headers: Object.fromEntries(headers), body })
}
