import type { AuthorizationServer } from 'oauth4webapi'
import type { ProviderConfig, RelyingPartyConfig } from '../../../services/relying-party/config.ts'
import type { Peer } from './peer.ts'

/** A provider, and who asks it for what. */
export interface ProviderSubject {
  config: ProviderConfig
  app: string
  /** where the lab is, as `fieldAt` takes it */
  labIssuer?: string | undefined
  redirectUri: string
  /** Genesys' own client; only the main provider knows it */
  messenger: RelyingPartyConfig['messenger'] | undefined
  peer: Peer
}

/** A provider that has told about itself. */
export interface DiscoveredProvider extends ProviderSubject {
  metadata: AuthorizationServer
}

/** A list of the metadata, or nothing where the provider does not tell. */
export function listOf (metadata: AuthorizationServer, name: string): string[] | undefined {
  const value: unknown = metadata[name]
  return Array.isArray(value) ? value.map(String) : undefined
}

/** The algorithms by which the provider may sign ID tokens, where it tells. */
export const signingAlgorithmsOf = (metadata: AuthorizationServer) => listOf(metadata, 'id_token_signing_alg_values_supported')
