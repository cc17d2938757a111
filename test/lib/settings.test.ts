import t from 'tap'
import { Type } from 'typebox'
import { addressesOf, commonSettings, loadSettings, secret, SettingsError } from '#lib/settings.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { loadIdpConfig } from '../../services/idp/config.ts'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings } from '../helpers/lab.ts'

const properties = { ...commonSettings, API_SECRET: secret(), COLOUR: Type.String({ pattern: '^#[0-9a-f]{6}$', description: 'a colour such as #1d4e56' }) }
const good = { API_SECRET: 'sixteen-characters', COLOUR: '#1d4e56' }
const load = (env: NodeJS.ProcessEnv) => loadSettings('painter', properties, env)

function messageOf (load: () => unknown): string {
  try {
    load()
  } catch (error) {
    if (error instanceof SettingsError) return error.message
    throw error
  }
  return 'nothing was wrong'
}

t.test('reads values in the types of the schema, with defaults for what is not set', async t => {
  t.match(load({ ...good, APP_PORT: '8080', LAB: 'true' }), { APP_PORT: 8080, IDP_PORT: 3001, LAB: true, HOST: '127.0.0.1', COLOUR: '#1d4e56' })
})

t.test('lists everything that is wrong in one message, and what each must be', async t => {
  const message = messageOf(() => load({ API_SECRET: 'short', LAB: 'perhaps', LOG_LEVEL: 'loud', APP_PORT: '70000', APP_URL: 'app.localhost' }))
  t.same(message.split('\n').sort(), [
    '  API_SECRET: is malformed; it must be a secret of at least 16 characters',
    '  APP_PORT: is malformed; it must be a TCP port',
    '  APP_URL: is malformed; it must be an http or https URL without query or fragment',
    '  COLOUR: is missing; it must be a colour such as #1d4e56',
    '  LAB: is malformed; it must be true or false',
    '  LOG_LEVEL: is malformed; it must be one of fatal, error, warn, info, debug, trace, silent',
    'painter cannot start, settings are wrong:'
  ])
})

t.test('takes an empty value for one that is not set', async t => {
  t.equal(load({ ...good, APP_PORT: '', APP_URL: '' }).APP_PORT, 3000)
  t.match(messageOf(() => load({ ...good, API_SECRET: '' })), 'API_SECRET: is missing')
})

t.test('quotes no value, since it may be a secret', async t => {
  t.notMatch(messageOf(() => load({ ...good, API_SECRET: 'too-short' })), 'too-short')
})

t.test('keeps no trace of one reading in the next', async t => {
  load({ ...good, APP_PORT: '8080' })
  t.equal(load(good).APP_PORT, 3000)
})

t.test('finds each part at *.localhost on its port, or at the URL that is set', async t => {
  t.same(addressesOf(load({ ...good, IDP_PORT: '4001', GENESYS_URL: 'https://chat.example/' })), {
    app: 'http://app.localhost:3000', issuer: 'http://idp.localhost:4001', genesys: 'https://chat.example'
  })
})

t.test('finds each part by a name that every system knows, where browsers do not find *.localhost', async t => {
  t.same(addressesOf(load({ ...good, LOCALHOST_SUBDOMAINS: 'off', GENESYS_PORT: '4002' })), {
    app: 'http://localhost:3000', issuer: 'http://127.0.0.1:3001', genesys: 'http://127.0.0.1:4002'
  })
  t.equal(addressesOf(load({ ...good, LOCALHOST_SUBDOMAINS: 'off', APP_URL: 'https://app.example' })).app, 'https://app.example')
})

t.test('refuses a URL that has no host, a query or a fragment', async t => {
  for (const url of ['http://', 'ftp://app.localhost', 'http://app.localhost/?a', 'http://app.localhost/#a', 'http://app localhost']) {
    t.match(messageOf(() => load({ ...good, APP_URL: url })), 'APP_URL: is malformed', url)
  }
})

t.test('keeps the issuer as it is set, since the slash at its end is a part of it', async t => {
  const issuer = 'https://id.example/application/o/app/'
  t.equal(addressesOf(load({ ...good, IDP_ISSUER: issuer })).issuer, issuer)
  t.equal(addressesOf(load({ ...good, IDP_ISSUER: issuer.slice(0, -1) })).issuer, issuer.slice(0, -1))
})

t.test('gives the lab\'s own provider an issuer without a slash at its end', async t => {
  const { issuer, url } = loadIdpConfig(labSettings({ IDP_ISSUER: 'https://id.example/' }))
  t.strictSame([issuer, url], ['https://id.example', 'https://id.example'])
})

const services: [string, (env: NodeJS.ProcessEnv) => unknown, string[]][] = [
  ['idp', loadIdpConfig, ['OIDC_CLIENT_SECRET', 'GENESYS_CLIENT_SECRET']],
  ['relying-party', loadRelyingPartyConfig, ['SESSION_KEY', 'OIDC_CLIENT_SECRET']],
  ['genesys', loadGenesysConfig, ['GENESYS_CLIENT_SECRET']]
]
for (const [service, loadConfig, secrets] of services) {
  t.test(`${service} has no default for a secret`, async t => {
    const message = messageOf(() => loadConfig(labSettings(Object.fromEntries(secrets.map(name => [name, ''])))))
    t.same(message.split('\n').slice(1).map(line => line.split(';')[0]).sort(), secrets.map(name => `  ${name}: is missing`).sort())
  })
}
