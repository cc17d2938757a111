import type { Provider } from 'oidc-provider'
import type { Feature } from '../../clients/client-metadata.ts'
import { deviceCodeGrant, type Clients, type RegisteredClient } from '../../clients/registered-clients.ts'
import type { KeptSettings } from '../../state/realm-settings.ts'

type Document = Record<string, unknown>

/**
 * Have discovery announce what at least one client may use. A client that finds, say, an endpoint for pushed requests
 * pushes its requests, and some do so unasked, so an endpoint that refuses everybody is better not announced.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
 */
export function announceUsedFeatures (provider: Provider, { clients, settings }: { clients: Clients, settings: KeptSettings }): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'discovery' || ctx.status !== 200) return
    // Whoever registers itself may use everything.
    if (settings.value.dynamic_client_registration) return
    ctx.body = usable(ctx.body as Document, clients.all)
  })
}

function usable (document: Document, clients: RegisteredClient[]): Document {
  const uses = (feature: Feature) => clients.some(client => ['allowed', 'required'].includes(client[feature]))
  const usesDevices = clients.some(client => client.grant_types.includes(deviceCodeGrant))
  const authenticates = (method: string) =>
    method.startsWith('client_secret') || clients.some(client => client.token_endpoint_auth_method === method)
  const unused = [
    ...(uses('pushed_authorization_requests') ? [] : ['pushed_authorization_request_endpoint']),
    ...(uses('request_objects') ? [] : ['request_object_signing_alg_values_supported', 'request_parameter_supported']),
    ...(uses('dpop') ? [] : ['dpop_signing_alg_values_supported']),
    ...(usesDevices ? [] : ['device_authorization_endpoint']),
    ...(authenticates('private_key_jwt') ? [] : ['token_endpoint_auth_signing_alg_values_supported'])
  ]
  return {
    ...Object.fromEntries(Object.entries(document).filter(([name]) => !unused.includes(name))),
    grant_types_supported: (document['grant_types_supported'] as string[])
      .filter(grant => grant !== deviceCodeGrant || usesDevices),
    token_endpoint_auth_methods_supported: (document['token_endpoint_auth_methods_supported'] as string[]).filter(authenticates)
  }
}
