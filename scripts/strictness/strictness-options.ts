import { readArguments, UsageError } from '#lib/settings/command-line.ts'
import { DataFileError } from '#lib/settings/data-file.ts'
import { SettingsError } from '#lib/settings/settings.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import { readLabSettings, reportOptions } from '../report/report-options.ts'
import type { Identity } from './client/probing-client.ts'

export const usage = `Probes how strict an OpenID Provider is: npm run strictness -- <issuer> [options]

  --client-id <id>              a registered client that may use the code flow
  --client-secret <secret>      its secret; none for a public client
  --redirect-uri <uri>          one of its redirect URIs; nothing needs to answer there
  --username <name>             a user whom the provider asks for a password, if it asks at all
  --password <password>
  --second-username <name>      another user, for one of the probes
  --second-password <password>
  --second-client-id <id>       another client, for one of the probes
  --second-client-secret <secret>
  --json                        everything, as JSON
  --help

For the lab's own provider all of them have values: those of services/lab.env, and of variables that are set, such as
IDP_PORT and APP_PORT.

Exit code 0: the provider passes the compared rows, which come first. 1: it fails at least one. 2: it could not be probed.`

const text = { type: 'string' } as const
const options = {
  'client-id': text,
  'client-secret': text,
  'redirect-uri': text,
  username: text,
  password: text,
  'second-username': text,
  'second-password': text,
  'second-client-id': text,
  'second-client-secret': text,
  ...reportOptions
}

export interface Options {
  json: boolean
  issuer: string
  identity: Identity
}

/**
 * @param args of the command line
 * @param env settings that win over those of `services/lab.env`
 * @throws {UsageError} saying what is missing or malformed
 */
export function readOptions (args: string[], env: NodeJS.ProcessEnv): Options {
  const { values, positionals: [issuer, ...more] } = readArguments({ args, options, allowPositionals: true })
  if (issuer === undefined || more.length > 0) throw new UsageError('One issuer is needed.')
  if (!/^https?:\/\//.test(issuer) || !URL.canParse(issuer)) throw new UsageError(`${issuer} is no http or https URL.`)

  const lab = identitiesInLab(issuer, env)
  const client = values['client-id'] === undefined
    ? lab?.client
    : { clientId: values['client-id'], clientSecret: values['client-secret'], redirectUri: values['redirect-uri'] }
  const second = values['second-client-id'] === undefined
    ? lab?.second
    : { clientId: values['second-client-id'], clientSecret: values['second-client-secret'] }
  if (client?.redirectUri === undefined) {
    const why = lab ? ' together' : `: ${issuer} is not the lab's own provider`
    throw new UsageError(`--client-id and --redirect-uri are needed${why}.`)
  }
  if (!URL.canParse(client.redirectUri)) throw new UsageError(`--redirect-uri ${client.redirectUri} is no URL.`)
  const user = values.username === undefined ? { ...lab?.user } : { username: values.username, password: values.password }
  const givenSecondUser = values['second-username'] === undefined
    ? undefined
    : { username: values['second-username'], password: values['second-password'] }
  const secondUser = givenSecondUser ?? (values.username === undefined ? lab?.secondUser : undefined)
  return {
    json: values.json,
    issuer,
    identity: {
      ...client, redirectUri: client.redirectUri, username: user.username, password: user.password, secondUser, second
    }
  }
}

/** The two clients and the first two users of the lab, where the issuer is the lab's or one of its realms. */
function identitiesInLab (issuer: string, env: NodeJS.ProcessEnv) {
  const settings = { ...readLabSettings(), ...env }
  const config = loadConfig(settings)
  if (issuer !== config.issuer && !issuer.startsWith(`${config.issuer}/realms/`)) return undefined
  const [client, second] = [settings['OIDC_CLIENT_ID'], settings['GENESYS_CLIENT_ID']].map(id => {
    const client = config.clients.find(client => client.client_id === id)
    return client && { clientId: client.client_id, clientSecret: client.client_secret, redirectUri: client.redirect_uris[0] }
  })
  const [user, secondUser] = config.users.map(({ username, password }) => ({ username, password }))
  return { client, second, user, secondUser }
}

function loadConfig (settings: NodeJS.ProcessEnv) {
  try {
    return loadIdpConfig(settings)
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof DataFileError)) throw error
    throw new UsageError(`These variables would keep the lab from starting, so where it is cannot be told: ${error.message}`)
  }
}
