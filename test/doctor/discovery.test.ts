import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { createLabClient } from '../../services/idp/lab-client.ts'
import { alone, diagnose, startAnswering, startProvider } from './helper.ts'

const document = 'discovery document'
const issuer = 'issuer, seen from here'

t.test('says what came in place of a document', async t => {
  const answers = await startAnswering(t, url => ({
    '/page/.well-known/openid-configuration': { body: '<html><head><title>x</title></head><h1>Sign in &amp; go on</h1></html>' },
    '/broken/.well-known/openid-configuration': { status: 503, body: 'Down' },
    '/closed/.well-known/openid-configuration': { status: 403, body: 'Not you' },
    '/moved/.well-known/openid-configuration': { status: 302, headers: { location: `${url}/elsewhere` } },
    '/array/.well-known/openid-configuration': { body: [] }
  }))
  const ask = async (path: string) => (await diagnose({ ...alone, IDP_ISSUER: answers + path })).get(document)
  t.match(await ask('/page'), { verdict: 'problem', seen: /a page in place of JSON: “Sign in & go on”/ })
  t.match(await ask('/broken'), { verdict: 'problem', seen: /the provider fails: 503 “Down”/ })
  t.match(await ask('/closed'), { verdict: 'problem', seen: /answered with 403 “Not you”/ })
  t.match(await ask('/moved'), { verdict: 'problem', seen: `redirects to ${answers}/elsewhere` })
  t.match(await ask('/array'), { verdict: 'problem', seen: /no JSON object/ })
  t.match(await ask('/realm'), {
    verdict: 'problem',
    seen: /not there: 404/,
    change: /Keycloak: .*\/realms\/<realm>.*Okta: .*\/oauth2\/default.*Auth0: .*Entra ID: .*<tenant id>\/v2\.0/
  })
})

t.test('compares the issuer as the relying party does, and names a slash', async t => {
  const provider = await startProvider(t)
  const seen = async (changes: Record<string, string>) => (await diagnose({ ...alone, ...changes })).get(issuer)
  t.match(await seen({ IDP_ISSUER: provider }), { verdict: 'ok' })
  t.match(await seen({ IDP_ISSUER: `${provider}/` }), { verdict: 'ok', seen: /the slash after the host makes no difference/ })

  const realm = await startAnswering(t, url => ({
    '/realms/shop/.well-known/openid-configuration': { body: { issuer: `${url}/realms/shop/` } },
    '/other/.well-known/openid-configuration': { body: { issuer: 'https://login.example' } },
    '/common/v2.0/.well-known/openid-configuration': { body: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } },
    '/organizations/v2.0/.well-known/openid-configuration': { body: { issuer: 'https://login.example/8f5a/v2.0' } },
    '/one/.well-known/openid-configuration': { body: { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } },
    '/none/.well-known/openid-configuration': { body: {} }
  }))
  t.match(await seen({ IDP_ISSUER: `${realm}/realms/shop` }), {
    verdict: 'problem',
    seen: /the one has a slash at its end/,
    change: `set IDP_ISSUER=${realm}/realms/shop/, character by character`
  })
  t.match(await seen({ IDP_ISSUER: `${realm}/realms/shop/` }), { verdict: 'ok' })
  t.match(await seen({ IDP_ISSUER: `${realm}/other` }), {
    verdict: 'problem', change: /set IDP_ISSUER=https:\/\/login\.example if .*Keycloak: hostname/
  })
  for (const path of ['/common/v2.0', '/organizations/v2.0', '/one']) {
    t.match(await seen({ IDP_ISSUER: realm + path }), { verdict: 'problem', change: /name one tenant of Entra ID/ }, path)
  }
  t.match(await seen({ IDP_ISSUER: `${realm}/none` }), { verdict: 'problem', seen: 'the document names no issuer' })
})

t.test('wants the endpoints to be there, to be URLs, and where browsers can get to', async t => {
  const seen = async (name: string, metadata: Record<string, unknown>, changes: Record<string, string> = {}) =>
    (await diagnose({ ...alone, IDP_ISSUER: await startProvider(t, metadata), ...changes })).get(name)
  t.match(await seen('endpoints', {}), { verdict: 'ok' })
  t.match(await seen('endpoints', { token_endpoint: undefined, jwks_uri: undefined }), {
    verdict: 'problem', seen: 'the document lacks token_endpoint, jwks_uri'
  })
  t.match(await seen('endpoints', { token_endpoint: '/token' }), { verdict: 'problem', seen: 'no URL: token_endpoint' })

  const elsewhere = await startProvider(t)
  const apart = { authorization_endpoint: `${elsewhere}/authorize` }
  t.match(await seen('addresses of the endpoints', {}), { verdict: 'ok' })
  t.match(await seen('addresses of the endpoints', apart), {
    verdict: 'warning', seen: /browsers are sent to .*, the relying party redeems codes at/
  })
  t.match(await seen('addresses of the endpoints', apart, { APP_URL: 'https://app.example' }), {
    verdict: 'problem', change: /browsers elsewhere cannot open localhost/
  })
  t.match(await seen('addresses of the endpoints', { token_endpoint: 'http://keycloak.localhost:2/token' }), {
    verdict: 'problem', seen: /where the relying party redeems codes: nothing listens at keycloak\.localhost:2/
  })
})

const missing: [string, RegExp, string][] = [
  ['discovery-issuer-mismatch', /the document names/, issuer],
  ['discovery-missing-field', /the document lacks jwks_uri/, 'endpoints'],
  ['discovery-html', /a page in place of JSON/, document],
  ['discovery-server-error', /the provider fails: 500/, document],
  ['jwks-empty', /0 keys, none of which verifies RS256/, 'keys (JWKS)'],
  ['jwks-server-error', /no key set, but 500/, 'keys (JWKS)'],
  ['jwks-unreachable', /closed the connection without an answer/, 'keys (JWKS)']
]
t.test('finds the faults of the lab that concern what a provider publishes', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const { faults } = createLabClient(lab.issuer)
  for (const [fault, seen, name] of missing) {
    await faults.switchOn(fault)
    t.match((await diagnose(lab.settings)).get(name), { verdict: 'problem', seen }, fault)
    await faults.reset()
  }
  await faults.switchOn('jwks-unparsable-key')
  t.match((await diagnose(lab.settings)).get('keys (JWKS)'), { verdict: 'ok' }, 'further keys that nobody can use do no harm')
})
