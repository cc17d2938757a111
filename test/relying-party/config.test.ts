import t from 'tap'
import { loadRelyingPartyConfig } from '../../services/relying-party/config.ts'
import { labSettings } from '../helpers/lab.ts'
import { buildAlone } from './helper.ts'

t.test('lists all wrong settings together, and what each must be', async t => {
  const wrong = labSettings({
    SESSION_KEY: 'too-short',
    OIDC_CLIENT_SECRET: '',
    OIDC_SCOPE: 'profile email',
    SESSION_LIFETIME: '10',
    SIGN_IN_RATE_LIMIT: '0',
    GENESYS_ORIGINS: 'apps.mypurecloud.ie',
    GENESYS_DEPLOYMENT_ID: ''
  })
  try {
    loadRelyingPartyConfig(wrong)
    t.fail('they were taken')
  } catch (error) {
    const lines = (error as Error).message.split('\n')
    t.equal(lines[0], 'relying-party cannot start, settings are wrong:')
    t.match(lines.slice(1).sort(), [
      /^ {2}GENESYS_DEPLOYMENT_ID: is missing; it must be the id of the Messenger deployment$/,
      /^ {2}GENESYS_ORIGINS: is malformed; it must be origins/,
      /^ {2}OIDC_CLIENT_SECRET: is missing; it must be a secret/,
      /^ {2}OIDC_SCOPE: is malformed; it must be scopes, with openid among them$/,
      /^ {2}SESSION_KEY: is malformed; it must be 32 bytes as 64 hexadecimal digits; `openssl rand -hex 32` makes them$/,
      /^ {2}SESSION_LIFETIME: is malformed; it must be a number of seconds, at least 60$/,
      /^ {2}SIGN_IN_RATE_LIMIT: is malformed; it must be how many sign-ins/
    ])
    t.equal(lines.length, 8)
    t.notMatch(lines.join(), 'too-short')
  }
})

t.test('takes no further provider that is the main one already', async t => {
  const issuer = 'https://login.example.com'
  const entry = { name: 'second', issuer, client_id: 'shop', client_secret: 'a-secret-for-this-test-alone' }
  const folder = t.testdir({ 'providers.yaml': JSON.stringify([entry]) })
  const load = (main: string) => loadRelyingPartyConfig(labSettings({
    IDP_ISSUER: main, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml`
  })).otherProviders
  t.match(load('https://another.example.com'), [{ issuer }])
  t.throws(() => load(issuer), /the provider second is the one of IDP_ISSUER/)
})

t.test('tells the page where the Messenger is, by default the stand-in', async t => {
  const { tab } = await buildAlone(t, { GENESYS_PORT: '4002' })
  t.same((await tab().get('/messenger/config')).json(), {
    scriptUrl: 'http://genesys.localhost:4002/genesys-bootstrap/genesys.min.js',
    environment: 'prod-euw1',
    deploymentId: '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80'
  })
})

t.test('tells the page of a region of Genesys Cloud, by settings alone', async t => {
  const { tab } = await buildAlone(t, {
    GENESYS_SCRIPT_URL: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js',
    GENESYS_ENVIRONMENT: 'prod-euw1',
    GENESYS_DEPLOYMENT_ID: '0f0f0f0f-0000-4000-8000-0f0f0f0f0f0f'
  })
  t.same((await tab().get('/messenger/config')).json(), {
    scriptUrl: 'https://apps.mypurecloud.ie/genesys-bootstrap/genesys.min.js',
    environment: 'prod-euw1',
    deploymentId: '0f0f0f0f-0000-4000-8000-0f0f0f0f0f0f'
  })
})

t.test('lets in the stand-in\'s origin, for pages and for sockets, when no other is set', async t => {
  t.same(loadRelyingPartyConfig(labSettings({ GENESYS_URL: 'https://chat.example' })).messenger.origins, ['https://chat.example', 'wss://chat.example'])
})

t.test('talks to a further provider in the clear in a lab alone', async t => {
  const provider = (issuer: string) => [{ name: 'other', issuer, client_id: 'shop', client_secret: 'a-secret-of-the-other-provider' }]
  const load = (issuer: string, LAB: string) => {
    const folder = t.testdir({ 'providers.yaml': JSON.stringify(provider(issuer)) })
    return loadRelyingPartyConfig(labSettings({ LAB, OIDC_PROVIDERS_FILE: `${folder}/providers.yaml` })).otherProviders.map(({ issuer }) => issuer)
  }
  t.throws(() => load('http://login.example', 'false'), { message: /other.*issuer/ })
  for (const issuer of ['https://login.example/', 'http://login.localhost:3001']) t.same(load(issuer, 'false'), [issuer])
  t.same(load('http://login.example', 'true'), ['http://login.example'])
})
