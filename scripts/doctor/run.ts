import type { RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { examineApplication } from './application.ts'
import { runAll, type Row } from './check.ts'
import { compareClocks } from './clocks.ts'
import { messengerChecks } from './messenger.ts'
import { Peer } from './peer.ts'
import { examineProvider } from './provider.ts'
import { readConfig, section as settingsSection, settingsChecks } from './settings.ts'

/** What was examined, and a row for each check, in a fixed order. */
export interface Examination {
  app: string | undefined
  issuer: string | undefined
  rows: Row[]
}

const longest = 45_000

/**
 * Compare the relying party's settings with what its provider, its Messenger and it itself answer.
 *
 * @param env the settings
 * @param lab those of `services/lab.env`, which are public
 * @returns after 45 seconds at the latest
 */
export async function examine (env: NodeJS.ProcessEnv, lab: NodeJS.ProcessEnv): Promise<Examination> {
  const { row, config } = readConfig(env)
  if (!config) return { app: undefined, issuer: undefined, rows: [row, skippedRest] }

  const labIssuer = readConfig({ ...env, IDP_ISSUER: '' }).config?.oidc.issuer
  const deadline = AbortSignal.timeout(longest)
  const app = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', deadline })
  const genesys = new Peer({ caSetting: 'NODE_EXTRA_CA_CERTS', deadline })
  const [settings, messenger, providers] = await Promise.all([
    runAll(settingsSection, settingsChecks, { config, lab }),
    runAll('Messenger', messengerChecks, { config, peer: genesys }),
    Promise.all(providersOf(config).map(async ({ provider, ...rest }) => {
      const peer = new Peer({ caSetting: 'OIDC_CA_FILE', ca: provider.ca, deadline })
      return { provider, peer, ...await examineProvider({ config: provider, app: config.app, labIssuer, peer, ...rest }) }
    }))
  ])
  const application = await examineApplication({ config, metadata: providers[0]?.metadata, peer: app })
  const clocks = providers.map(({ provider, peer }) => compareClocks(provider, peer, app))
  const rows = [row, ...settings, ...providers.flatMap(({ rows }) => rows), ...messenger, ...application, ...clocks]
  return { app: config.app, issuer: config.oidc.issuer, rows: rows.map(row => withoutSecrets(row, config)) }
}

const skippedRest: Row = {
  section: settingsSection, name: 'everything else', verdict: 'skipped', seen: 'without settings there is nothing to compare'
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
