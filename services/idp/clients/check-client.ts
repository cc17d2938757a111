import createError from '@fastify/error'
import { errors, type ClientMetadata, type Provider } from 'oidc-provider'
import type { RegisteredClient } from './registered-clients.ts'

/** 400 */
const ImpossibleClient = createError('IMPOSSIBLE_CLIENT', '%s', 400)

/**
 * Ask oidc-provider itself about a client, as each field may be right and all of them together wrong.
 *
 * @param scopes those that the provider has
 * @throws {ImpossibleClient} 400, where the provider would not know what to do with such a client
 */
export async function checkClient (client: RegisteredClient, { Client }: Provider, scopes: string[]): Promise<void> {
  try {
    await Client.validate(client as unknown as ClientMetadata)
  } catch (error) {
    if (!(error instanceof errors.OIDCProviderError)) throw error
    const unknown = client.scope.split(' ').filter(scope => scope !== 'offline_access' && !scopes.includes(scope))
    const advice = unknown.length > 0 ? `, and ${unknown.join(', ')} is none; \`PATCH /lab/settings\` makes scopes` : ''
    throw new ImpossibleClient(`${error.error_description ?? error.message}${advice}.`)
  }
}
