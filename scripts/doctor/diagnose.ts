import type { RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { trustAuthorityIn } from '#lib/tls/lab-certificates.ts'
import { skipped, type Row } from './finding.ts'
import { runAll, type Asked } from './run-checks.ts'
import { compareClocks } from './checks/clock-difference.ts'
import { messengerChecks } from './checks/messenger-deployment.ts'
import { diagnoseRelyingParty } from './checks/running-relying-party.ts'
import { settingsChecks } from './checks/unsafe-settings.ts'
import { readConfig } from './checks/well-formed-settings.ts'
import { diagnoseProvider } from './diagnose-provider.ts'
import { Peer } from './requests/peer.ts'

/** What was examined, and a row for each check, in a fixed order. */
export interface Diagnosis {
  app: string | undefined
  issuer: string | undefined
  rows: Row[]
}

const settingsSection = 'Settings'
const deadlineMs = 45_000

/**
 * Compare the relying party's settings with what its provider, its Messenger and it itself answer.
 *
 * @param env the settings
 * @param lab those of `services/lab.env`, which are public
 * @param asked which checks; what others begin with is always looked at
 * @returns after 45 seconds at the latest
 */
export async function diagnose (
  env: NodeJS.ProcessEnv, lab: NodeJS.ProcessEnv, asked: Asked = () => true
): Promise<Diagnosis> {
  const { outcome, config } = readConfig(env)
  const row = { section: settingsSection, name: 'well-formed', ...outcome }
  if (!config) return { app: undefined, issuer: undefined, rows: [row, skippedRest] }

  // As the relying party does itself.
  if (config.certificates !== undefined) trustAuthorityIn(config.certificates)
  const labIssuer = readConfig({ ...env, IDP_ISSUER: '' }).config?.oidc.issuer
  const deadline = AbortSignal.timeout(deadlineMs)
  const app = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', deadline })
  const genesys = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', deadline })
  const [settings, messenger, providers] = await Promise.all([
    runAll(settingsSection, settingsChecks.filter(({ name }) => asked(name)), { config, lab }),
    runAll('Messenger', messengerChecks.filter(({ name }) => asked(name)), { config, peer: genesys }),
    Promise.all(providersOf(config).map(async ({ provider, ...rest }) => {
      const peer = new Peer({ caSetting: 'OIDC_CA_FILE', ca: provider.ca, deadline })
      return { provider, peer, ...await diagnoseProvider({ config: provider, app: config.app, labIssuer, peer, ...rest }, asked) }
    }))
  ])
  const application = await diagnoseRelyingParty({ config, metadata: providers[0]?.metadata, peer: app }, asked)
  const clocks = providers.map(({ provider, peer }) => compareClocks(provider, peer, app))
  const rows = [row, ...settings, ...providers.flatMap(({ rows }) => rows), ...messenger, ...application, ...clocks]
  return { app: config.app, issuer: config.oidc.issuer, rows: rows.map(row => withoutSecrets(row, config)) }
}

const skippedRest: Row = {
  section: settingsSection, name: 'everything else', ...skipped('without settings there is nothing to compare')
}

function providersOf ({ app, oidc, otherProviders, messenger }: RelyingPartyConfig) {
  return [
    { provider: oidc, redirectUri: `${app}/callback`, messenger },
    ...otherProviders.map(provider => ({ provider, redirectUri: `${app}/callback/${provider.name}`, messenger: undefined }))
  ]
}

/** Whatever a provider puts into its pages, it is not shown what is ours alone. */
function withoutSecrets (row: Row, { oidc, otherProviders }: RelyingPartyConfig): Row {
  const secrets = [oidc, ...otherProviders].map(({ authentication }) =>
    authentication.method === 'private_key_jwt' ? authentication.key : authentication.secret)
  const seen = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), row.seen)
  return { ...row, seen }
}
