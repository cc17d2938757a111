import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { createLabClient } from '../../services/idp/lab-client.ts'
import { serve, startMockServer } from '../strictness/providers.ts'
import { alone, diagnose, startAnswering, startProvider } from './helper.ts'

const client = 'relying-party'
const genesys = 'genesys-messenger'

t.test('finds what is not registered at the provider, or otherwise', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const { clients } = createLabClient(lab.issuer)
  t.afterEach(() => clients.reset())

  await t.test('a redirect URI', async t => {
    await clients.patch(client, { redirect_uris: [`${lab.app}/callback/`] })
    const rows = await diagnose(lab.settings)
    t.match(rows.get('redirect URI'), {
      verdict: 'problem',
      seen: /the provider shows a page, 400: “.*invalid_redirect_uri/,
      change: `register ${lab.app}/callback, character by character: redirect_uris in services/idp/clients.yaml`
    })
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'ok' })
  })

  await t.test('the redirect URI of the Messenger', async t => {
    await clients.patch(genesys, { redirect_uris: ['http://app.localhost:1/messenger/callback'] })
    const rows = await diagnose(lab.settings)
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'problem', change: `register ${lab.app}/messenger/callback` })
    t.match(rows.get('redirect URI'), { verdict: 'ok' })
    t.match(rows.get('sign-in without a page'), { verdict: 'skipped' })
  })

  await t.test('a client', async t => {
    const rows = await diagnose({ ...lab.settings, OIDC_CLIENT_ID: 'nobody', GENESYS_CLIENT_ID: 'nobody-either' })
    t.match(rows.get('redirect URI'), { verdict: 'problem', change: /correct OIDC_CLIENT_ID=nobody$/ })
    t.match(rows.get('redirect URI, Messenger'), { verdict: 'problem', change: /correct GENESYS_CLIENT_ID=nobody-either$/ })
    t.match(rows.get('client credentials'), {
      verdict: 'problem', seen: /^nobody is refused by client_secret_basic: 401 invalid_client/
    })
    t.match(rows.get('runs with these settings'), {
      verdict: 'problem', seen: 'client_id is relying-party, by these settings nobody'
    })
  })

  await t.test('the secret', async t => {
    const secret = 'not-the-secret-of-this-client'
    for (const OIDC_CLIENT_AUTH of ['client_secret_basic', 'client_secret_post']) {
      const rows = await diagnose({ ...lab.settings, OIDC_CLIENT_SECRET: secret, OIDC_CLIENT_AUTH })
      t.match(rows.get('client credentials'), {
        verdict: 'problem', seen: `${client} is refused by ${OIDC_CLIENT_AUTH}: 401 invalid_client`
      })
      t.notMatch(JSON.stringify([...rows.values()]), secret)
    }
    const right = await diagnose({ ...lab.settings, OIDC_CLIENT_AUTH: 'client_secret_post' })
    t.match(right.get('client credentials'), { verdict: 'ok', seen: `${client} is accepted by client_secret_post` })
  })

  await t.test('the key', async t => {
    const pairs = [generateKeyPairSync('rsa', { modulusLength: 2048 }), generateKeyPairSync('rsa', { modulusLength: 2048 })]
    const [right, wrong] = pairs.map(({ privateKey }) => privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)
    const jwk = { ...pairs[0]!.publicKey.export({ format: 'jwk' }), use: 'sig' }
    await clients.patch(client, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } } as never)
    const settings = { ...lab.settings, OIDC_CLIENT_AUTH: 'private_key_jwt', OIDC_CLIENT_SECRET: '' }
    t.match((await diagnose({ ...settings, OIDC_PRIVATE_KEY: right! })).get('client credentials'), { verdict: 'ok' })
    t.match((await diagnose({ ...settings, OIDC_PRIVATE_KEY: wrong! })).get('client credentials'), {
      verdict: 'problem', change: /^compare OIDC_CLIENT_ID, OIDC_PRIVATE_KEY, OIDC_ASSERTION_AUDIENCE and OIDC_CLIENT_AUTH/
    })
  })

  await t.test('the post-logout redirect URI', async t => {
    await clients.patch(client, { post_logout_redirect_uris: [`${lab.app}/`] })
    const rows = await diagnose(lab.settings)
    t.match(rows.get('post-logout redirect URI'), {
      verdict: 'problem', change: `register ${lab.app}/logout/callback: post_logout_redirect_uris`
    })
  })

  await t.test('the scopes', async t => {
    const rows = await diagnose({ ...lab.settings, OIDC_SCOPE: 'openid unheard-of', GENESYS_SCOPE: 'openid pets' })
    t.match(rows.get('scopes offered'), {
      verdict: 'warning', seen: 'not among those offered: unheard-of', change: /take it out of OIDC_SCOPE/
    })
    t.match(rows.get('scopes offered, Messenger'), { verdict: 'warning', seen: 'not among those offered: pets' })
  })

  await t.test('pushed requests', async t => {
    await clients.patch(client, { pushed_authorization_requests: 'required' })
    t.match((await diagnose(lab.settings)).get('pushed requests (PAR)'), { verdict: 'ok', seen: 'offered and used' })
    t.match((await diagnose(lab.settings)).get('redirect URI'), { verdict: 'ok' }, 'as a pushed request')
    t.match((await diagnose({ ...lab.settings, OIDC_PAR: 'never' })).get('redirect URI'), { verdict: 'problem' })
    await clients.patch(client, { redirect_uris: [`${lab.app}/other`] })
    t.match((await diagnose(lab.settings)).get('redirect URI'), {
      verdict: 'problem', seen: /the pushed request is refused: 400 invalid_re/, change: `register ${lab.app}/callback`
    })
  })
})

t.test('says of oauth2-mock-server that it redirects to any address', async t => {
  const rows = await diagnose({ ...alone, IDP_ISSUER: await startMockServer(t) })
  t.match(rows.get('redirect URI'), { verdict: 'warning', seen: /also redirects to https:\/\/unregistered\.invalid\/callback/ })
  t.match(rows.get('client credentials'), { verdict: 'warning', seen: /^could not be told: 400 “/ })
  t.match(rows.get('issuer, seen from here'), { verdict: 'ok' })
  t.match(rows.get('keys (JWKS)'), { verdict: 'ok' })
})

/** What each product shows, as far as it is known, and what is made of it. */
const pages: [string, { status?: number, headers?: Record<string, string>, body?: string }, RegExp, RegExp][] = [
  ['Keycloak, redirect URI', { status: 400, body: '<p>Invalid parameter: redirect_uri</p>' }, /problem/, /^register /],
  ['Keycloak, client', { status: 400, body: '<p>Client not found.</p>' }, /problem/, /^the provider does not know the client/],
  ['Auth0, redirect URI', { status: 403, body: '<h1>Callback URL mismatch.</h1>' }, /problem/, /^register /],
  ['Entra ID, redirect URI', { body: '<script>x = {"strMain":"AADSTS50011: The reply URL"}</script>' }, /problem/, /^register /],
  ['Entra ID, client', { body: '<script>x = {"strMain":"AADSTS700016: Application not found"}</script>' },
    /problem/, /does not know the client/],
  ['a page that says little', { status: 400, body: 'Bad request' }, /problem/, /^register .* see too that OIDC_CLIENT_ID=/],
  ['a sign-in page', { body: '<form>Password<input name="redirect_uri" value="x"></form>' }, /warning/, /^sign in at /],
  ['a failure', { status: 502, body: 'Bad gateway' }, /warning/, /try again later/],
  ['too many requests', { status: 429, body: 'Slow down' }, /warning/, /try again later/]
]
for (const [label, answer, verdict, change] of pages) {
  t.test(`understands ${label}`, async t => {
    const rows = await diagnose({ ...alone, IDP_ISSUER: await startProvider(t, {}, { '/authorize': answer }) })
    t.match(rows.get('redirect URI'), { verdict, change })
  })
}

/** One that redirects to this address alone. */
async function startChoosyProvider (t: Test, registered: string, error: string): Promise<string> {
  const pages = await serve(t, () => ({ url = '' }, response) => {
    const target = new URL(url, 'http://localhost').searchParams.get('redirect_uri')
    if (target === registered) response.writeHead(302, { location: `${registered}?error=${error}` })
    else response.writeHead(400)
    response.end()
  })
  return startProvider(t, { authorization_endpoint: `${pages}/authorize` })
}

const errors: [string, RegExp, RegExp][] = [
  ['login_required', /ok/, /^/],
  ['consent_required', /ok/, /^/],
  ['invalid_scope', /problem/, /take the scope out of OIDC_SCOPE/],
  ['unauthorized_client', /problem/, /allow the client the authorization code grant/],
  ['temporarily_unavailable', /warning/, /try again later/],
  ['invalid_target', /problem/, /OIDC_AUDIENCE/]
]
for (const [error, verdict, change] of errors) {
  t.test(`understands a redirect with ${error}, but only where others are not redirected to`, async t => {
    const issuer = await startChoosyProvider(t, 'http://app.localhost:2/callback', error)
    const row = (await diagnose({ ...alone, IDP_ISSUER: issuer })).get('redirect URI')
    t.match(row?.verdict, verdict)
    t.match(row?.change ?? '', change)
  })
}

const tokenAnswers: [string, { status: number, body: object | string }, RegExp, RegExp][] = [
  ['Keycloak, a wrong secret', { status: 401, body: { error: 'unauthorized_client' } }, /problem/, /^compare/],
  ['Auth0, a wrong secret', { status: 401, body: { error: 'access_denied' } }, /problem/, /^compare/],
  ['a client without the code grant', { status: 400, body: { error: 'unsupported_grant_type' } },
    /problem/, /authorization code grant/],
  ['a request that it does not understand', { status: 400, body: { error: 'invalid_request' } }, /warning/, /sign in/],
  ['a provider that looks at no secret', { status: 400, body: { error: 'invalid_grant' } }, /warning/, /the secret is wrong$/],
  ['a page', { status: 502, body: '<h1>Bad gateway</h1>' }, /warning/, /sign in/]
]
for (const [label, answer, verdict, change] of tokenAnswers) {
  t.test(`understands the token endpoint: ${label}`, async t => {
    const rows = await diagnose({ ...alone, IDP_ISSUER: await startProvider(t, {}, { '/token': answer }) })
    t.match(rows.get('client credentials'), { verdict, change })
  })
}

t.test('shows no secret, even where the provider does', async t => {
  const secret = 'a-secret-for-this-test-alone'
  const body = { error: 'invalid_client', error_description: `${secret} is wrong` }
  const issuer = await startProvider(t, {}, { '/token': { status: 401, body } })
  const row = (await diagnose({ ...alone, IDP_ISSUER: issuer, OIDC_CLIENT_SECRET: secret })).get('client credentials')
  t.match(row, { verdict: 'problem', seen: /invalid_client: … is wrong/ })
  t.notMatch(JSON.stringify(row), secret)
})

t.test('says of sign-out what cannot be told, and does not blame the setting', async t => {
  const seen = async (answer: { status?: number, body: string }) => {
    const pages = await startAnswering(t, () => ({ '/end': answer }))
    const issuer = await startProvider(t, { end_session_endpoint: `${pages}/end` })
    return (await diagnose({ ...alone, IDP_ISSUER: issuer })).get('post-logout redirect URI')
  }
  t.match(await seen({ body: 'You have signed out' }), {
    verdict: 'warning', seen: /the same page for an address that nobody has registered/
  })
  t.match(await seen({ status: 400, body: 'id_token_hint is missing' }), {
    verdict: 'warning', seen: /could not be told without an ID token/
  })
  t.match(await seen({ status: 400, body: 'Invalid redirect uri' }), { verdict: 'problem' })
  t.match(await seen({ status: 503, body: 'Down' }), { verdict: 'warning' })
  t.match((await diagnose({ ...alone, IDP_ISSUER: await startProvider(t) })).get('post-logout redirect URI'), {
    verdict: 'skipped'
  })
})
