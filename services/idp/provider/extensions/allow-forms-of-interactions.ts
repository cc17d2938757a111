import type { ServerResponse } from 'node:http'
import { errors, type Provider } from 'oidc-provider'
import type { Clients } from '../../clients/registered-clients.ts'
import { allowFormsOf } from '../content-security-policy.ts'

/**
 * Whoever asks for an interaction shows a page of it, and its forms lead to the client whose request it is about. Where that
 * has been removed meanwhile, there is nothing to show.
 */
export function allowFormsOfInteractions (provider: Provider, clients: Clients): void {
  const { interactionDetails } = provider
  provider.interactionDetails = async (request, response) => {
    const interaction = await interactionDetails.call(provider, request, response)
    const { client_id: clientId, redirect_uri: redirectUri } = interaction.params
    const client = clients.get(String(clientId))
    if (!client) throw new errors.InvalidClient('client is invalid', 'client not found')
    allowFormsOf(response as ServerResponse, client, redirectUri)
    return interaction
  }
}
