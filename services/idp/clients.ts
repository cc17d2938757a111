import { Type, type Static } from 'typebox'
import { readDataFile } from '#lib/data-file.ts'

const redirectUri = Type.String({ pattern: '^https?://[^\\s#]+$' })

const client = Type.Object({
  client_id: Type.String({ minLength: 1 }),
  client_name: Type.String({ minLength: 1 }),
  client_uri: Type.String({ pattern: '^https?://' }),
  client_secret: Type.String({ minLength: 16 }),
  token_endpoint_auth_method: Type.Union([Type.Literal('client_secret_basic'), Type.Literal('client_secret_post')]),
  redirect_uris: Type.Array(redirectUri, { minItems: 1, uniqueItems: true }),
  post_logout_redirect_uris: Type.Array(redirectUri, { default: [], uniqueItems: true }),
  grant_types: Type.Array(Type.Union([Type.Literal('authorization_code'), Type.Literal('refresh_token')]), { minItems: 1 }),
  scope: Type.String({ pattern: '^openid( [a-z_]+)*$' }),
  first_party: Type.Boolean({ default: false }),
  id_token_claims: Type.Array(Type.String(), { default: [] }),
  refresh_token_with_session: Type.Boolean({ default: false })
}, { additionalProperties: false })

/** A registered client, as an entry of `clients.yaml`. */
export type RegisteredClient = Static<typeof client>

/**
 * Read a file of clients.
 *
 * @throws {DataFileError} naming the file, the entry and the field
 * @see https://openid.net/specs/openid-connect-registration-1_0.html#ClientMetadata
 */
export function readClients (file: string, settings: Record<string, string | number | boolean>): RegisteredClient[] {
  return readDataFile(file, { entry: client, key: 'client_id', settings })
}
