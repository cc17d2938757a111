import { generateKeyPairSync } from 'node:crypto'
import { exportJWK } from 'jose'
import t from 'tap'
import { loadRelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { labSettings } from '../../helpers/lab.ts'
import { startBareProvider } from './bare-provider.ts'
import { Person } from './person.ts'
import { freeAddresses, ours, startRelyingParty } from './relying-party.ts'

const sessionKey = 'ab'.repeat(32)

t.test('signs in with its secrets in files, as Compose hands them out', async t => {
  const addresses = await freeAddresses()
  await startBareProvider(t, addresses)
  const files = t.testdir({ state: {}, 'client-secret': `${ours.clientSecret}\n`, 'session-key': `${sessionKey}\n` })
  const { origin, config, lines } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`,
    OIDC_CLIENT_SECRET: '',
    OIDC_CLIENT_SECRET_FILE: `${files}/client-secret`,
    SESSION_KEY: '',
    SESSION_KEY_FILE: `${files}/session-key`
  })
  t.equal(config.session.key.toString('hex'), sessionKey)
  const person = new Person(origin)
  const page = await person.signIn()
  t.match(await person.session(), { authenticated: true }, page.$('dl').text())
  t.notMatch(lines.join(''), ours.clientSecret)
})

t.test('signs in with its private key in a file', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const addresses = await freeAddresses()
  await startBareProvider(t, addresses, {
    client: {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [await exportJWK(publicKey)] }
    }
  })
  const files = t.testdir({ state: {}, 'key.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })
  const { origin } = await startRelyingParty(t, addresses, {
    STATE_DIR: `${files}/state`,
    OIDC_CLIENT_SECRET: '',
    OIDC_CLIENT_AUTH: 'private_key_jwt',
    OIDC_PRIVATE_KEY_FILE: `${files}/key.pem`
  })
  const person = new Person(origin)
  const page = await person.signIn()
  t.match(await person.session(), { authenticated: true }, page.$('dl').text())
})

const inFile = (name: string, path: string) => ({ [name]: '', [`${name}_FILE`]: path })
const mistakes: [string, (files: string) => Record<string, string>, RegExp][] = [
  ['is not there', files => inFile('OIDC_CLIENT_SECRET', `${files}/no`), /OIDC_CLIENT_SECRET_FILE: \S+no cannot be read/],
  ['is empty', files => inFile('OIDC_CLIENT_SECRET', `${files}/empty`), /OIDC_CLIENT_SECRET_FILE: \S+empty is empty/],
  ['is beside a variable', files => ({ SESSION_KEY_FILE: `${files}/short` }), /SESSION_KEY: is set, and so is SESSION_KEY_FILE/],
  ['holds something else', files => inFile('SESSION_KEY', `${files}/short`), /SESSION_KEY_FILE: what \S+short holds/],
  [
    'holds no private key',
    files => ({ OIDC_CLIENT_AUTH: 'private_key_jwt', ...inFile('OIDC_PRIVATE_KEY', `${files}/short`) }),
    /OIDC_PRIVATE_KEY_FILE: what \S+short .* a private key/
  ],
  [
    'holds a JWK that breaks off',
    files => ({ OIDC_CLIENT_AUTH: 'private_key_jwt', ...inFile('OIDC_PRIVATE_KEY', `${files}/broken.json`) }),
    /OIDC_PRIVATE_KEY_FILE: what \S+broken.json .* a private key/
  ],
  ['holds no certificate', files => inFile('OIDC_CA', `${files}/short`), /OIDC_CA_FILE: what \S+short .* certificates in PEM/]
]
for (const [label, settings, message] of mistakes) {
  t.test(`does not start, and says which file, when one ${label}; and never what is in it`, async t => {
    const files = t.testdir({ empty: '', short: 'hunter2', 'broken.json': '{ "kty": "EC", "d": hunter2' })
    const error = t.throws(() => loadRelyingPartyConfig(labSettings(settings(files))), { name: 'SettingsError', message })
    t.notMatch((error as Error).message, 'hunter2')
  })
}
