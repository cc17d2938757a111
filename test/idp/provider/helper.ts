import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import type { Idp } from '../helper.ts'

const shop = {
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_post',
  redirect_uris: ['http://shop.localhost/callback'],
  post_logout_redirect_uris: ['http://shop.localhost/'],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access',
  first_party: true
} satisfies Partial<RegisteredClient>

/** Fields of a client; `undefined` leaves one out. */
export type ClientChanges = { [Field in keyof RegisteredClient]?: RegisteredClient[Field] | undefined }

/** Register a client with the lab: a shop, with changes. */
export async function registerShop (idp: Idp, changes: ClientChanges = {}, id = 'shop'): Promise<RegisteredClient> {
  return await idp.lab.clients.put(id, JSON.parse(JSON.stringify({ ...shop, ...changes })))
}

/** A key pair of a client. */
export interface ClientKey {
  privateKey: CryptoKey
  /** the public half */
  jwk: JWK
  alg: string
}

export async function makeClientKey (alg = 'ES256'): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: await exportJWK(publicKey), alg }
}

/** A JWT that a client signs for the identity provider. */
export async function sign (
  idp: Idp,
  client: RegisteredClient,
  key: ClientKey,
  claims: Record<string, unknown>
): Promise<string> {
  return await new SignJWT({ iss: client.client_id, aud: `${idp.issuer}`, jti: randomUUID(), ...claims })
    .setProtectedHeader({ alg: key.alg })
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(key.privateKey)
}

/** A DPoP proof for a request, with changes of its claims. */
export async function proofFor (
  idp: Idp, key: ClientKey, method: string, path: string, changes: { accessToken?: string, claims?: Record<string, unknown> } = {}
): Promise<string> {
  const ath = changes.accessToken === undefined
    ? {}
    : { ath: createHash('sha256').update(changes.accessToken).digest('base64url') }
  return await new SignJWT({
    htm: method, htu: `${idp.issuer}${path}`, jti: randomUUID(), ...ath, ...changes.claims
  })
    .setProtectedHeader({ alg: key.alg, typ: 'dpop+jwt', jwk: key.jwk })
    .setIssuedAt()
    .sign(key.privateKey)
}

/** A form that a client posts, with headers of its own. */
export const postForm = (
  idp: Idp,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {}
) => idp.app.inject({
  method: 'POST',
  url: `${idp.base}${path}`,
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  payload: String(new URLSearchParams(fields))
})

/** The fields by which a client authenticates with a secret, or says who it is. */
export const credentialsOf = ({ client_id: id, client_secret: secret }: RegisteredClient): Record<string, string> =>
  ({ client_id: id, ...(secret !== undefined && { client_secret: secret }) })

/** What discovery says. */
export const discover = async (idp: Idp): Promise<Record<string, unknown>> =>
  (await idp.app.inject(`${idp.base}/.well-known/openid-configuration`)).json()
