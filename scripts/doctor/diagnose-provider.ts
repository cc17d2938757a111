import type { AuthorizationServer } from 'oauth4webapi'
import type { Check, Row } from './finding.ts'
import { runAll, settle, skipAll, type Asked } from './run-checks.ts'
import { clientCredentials } from './checks/client-credentials.ts'
import { discover, issuer } from './checks/discovery-and-issuer.ts'
import { postLogoutRedirectUri } from './checks/post-logout-redirect-uri.ts'
import { capabilities } from './checks/provider-capabilities.ts'
import { addresses, endpoints } from './checks/provider-endpoints.ts'
import { messengerRedirectUri, redirectUri, silentSignIn } from './checks/registered-redirect-uris.ts'
import { keys } from './checks/signing-keys.ts'
import type { DiscoveredProvider, ProviderSubject } from './requests/provider-subject.ts'

const allChecks: Check<DiscoveredProvider>[] = [
  issuer, endpoints, addresses, ...capabilities, keys, clientCredentials, redirectUri, messengerRedirectUri, silentSignIn,
  postLogoutRedirectUri
]

/** All about one provider, and its metadata where it has them. */
export async function diagnoseProvider (
  subject: ProviderSubject, asked: Asked
): Promise<{ rows: Row[], metadata: AuthorizationServer | undefined }> {
  const checks = allChecks.filter(({ name }) => asked(name))
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
