import type { AuthorizationServer } from 'oauth4webapi'
import type { ProviderConfig, RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { runAll, settle, skipAll, type Check, type Row } from './check.ts'
import { capabilities } from './capabilities.ts'
import { clientAuthentication } from './client-authentication.ts'
import { discover, issuer } from './discovery.ts'
import { addresses, endpoints } from './endpoints.ts'
import { keys } from './keys.ts'
import type { Peer } from './peer.ts'
import { messengerRedirectUri, redirectUri, silentSignIn } from './redirect-uris.ts'
import { postLogoutRedirectUri } from './sign-out.ts'

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

const checks: Check<DiscoveredProvider>[] = [
  issuer, endpoints, addresses, ...capabilities, keys, clientAuthentication, redirectUri, messengerRedirectUri, silentSignIn,
  postLogoutRedirectUri
]

/** All about one provider, and its metadata where it has them. */
export async function examineProvider (
  subject: ProviderSubject
): Promise<{ rows: Row[], metadata: AuthorizationServer | undefined }> {
  const section = `Provider ${subject.config.issuer}`
  let metadata: AuthorizationServer | undefined
  const outcome = await settle(async () => {
    const found = await discover(subject)
    metadata = found.metadata
    return found.outcome
  })
  const first = { section, name: 'discovery document', ...outcome }
  const rest = metadata === undefined
    ? skipAll(section, checks, 'there is no discovery document')
    : await runAll(section, checks, { ...subject, metadata })
  return { rows: [first, ...rest], metadata }
}
