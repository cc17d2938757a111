import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { Adapter } from 'oidc-provider'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { FileSecrets } from '#lib/store/sqlite/file-secrets.ts'
import { storeAdapter } from '../../../services/idp/realm/oidc-adapter.ts'
import type { RegisteredClient } from '../../../services/idp/clients/registered-clients.ts'
import { loadIdpConfig } from '../../../services/idp/config.ts'
import { SeededDirectory } from '../../../services/idp/state/seeded-directory.ts'
import { openCookieKeys } from '../../../services/idp/state/cookie-keys.ts'
import { noSignals } from '../../helpers/command.ts'
import { compileCache, freePorts, labSettings, root } from '../../helpers/lab.ts'
import { newStore } from '../../helpers/new-store.ts'
import { until } from '../../helpers/until.ts'
import { startIdp, Visitor, type Idp } from '../helper.ts'

// Before a restart somebody has signed in and somebody is about to, and there are a code and tokens.
const stateFolder = t.testdir({})
const first = await startIdp(t, { STATE_DIR: stateFolder })
const [signedIn, signingIn] = [new Visitor(first), new Visitor(first)]
await signedIn.signIn('alice')
const signInPage = await signingIn.open(first.authorizationRequest(first.relyingParty))
const code = await first.codeFor('bob')
const tokens = await first.tokensFor('alice', first.relyingParty, first.offline)
await first.app.close()
const restarted = await startIdp(t, { STATE_DIR: stateFolder })

const keyIdOf = async ({ app }: Idp) => (await app.inject('/jwks')).json().keys[0].kid as string

t.test('signs with the same key after a restart, so that old ID tokens stay good', async t => {
  const jwks = createLocalJWKSet((await restarted.get('/jwks')).json())
  await t.resolves(jwtVerify(tokens.id_token, jwks))
  t.equal(await keyIdOf(restarted), decodeProtectedHeader(tokens.id_token).kid)
})

t.test('still knows who is signed in after a restart', async t => {
  t.equal(await new Visitor(restarted, signedIn.jar).isKnown(), true)
})

t.test('goes on after a restart with a sign-in that was under way', async t => {
  const after = new Visitor(restarted, signingIn.jar)
  const { location } = await after.submit(await after.open(signInPage.url), {}, 'Sign in as Alice')
  t.ok(location?.searchParams.has('code'))
})

t.test('honours a code, an access token and a refresh token from before a restart', async t => {
  t.equal((await restarted.redeem(restarted.relyingParty, code)).statusCode, 200)
  t.equal((await restarted.userinfo(tokens.access_token)).statusCode, 200)
  t.equal((await restarted.refresh(restarted.relyingParty, tokens.refresh_token!)).statusCode, 200)
})

t.test('makes keys of its own for every state folder', async t => {
  const other = await startIdp(t)
  t.not(await keyIdOf(restarted), await keyIdOf(other))
  const cookieKeys = await Promise.all([restarted, other].map(idp => openCookieKeys(new FileSecrets(idp.config.stateFolder))))
  t.notSame(cookieKeys[0], cookieKeys[1])
})

t.test('refuses a session cookie that somebody has changed', async t => {
  const visitor = new Visitor(restarted)
  await visitor.signIn('alice')
  const signature = (await visitor.jar.getCookies(restarted.config.issuer)).find(({ key }) => key === '_session.sig')!
  signature.value = 'A'.repeat(signature.value.length)
  await visitor.jar.setCookie(signature, restarted.config.issuer)
  t.equal(await visitor.isKnown(), false)
})

t.test('lets nobody but its own user read its keys', async t => {
  const { config } = restarted
  for (const file of ['signing-keys.json', 'cookie-keys.json']) {
    t.equal(statSync(join(config.stateFolder, file)).mode & 0o777, 0o600, file)
  }
})

// Whether two requests at the same instant meet between reading a code and marking it is a matter of luck, so this
// drives oidc-provider's side of the adapter itself.
async function openAdapter (t: Test) {
  const store = await newStore(t)
  const clients = await SeededDirectory.open(store, {
    name: 'client', lab: true, seed: [] as RegisteredClient[], keyOf: ({ client_id: id }) => id
  })
  const adapter = storeAdapter(store, clients)
  const model = (name: string) => (adapter as (name: string) => Adapter)(name)
  return {
    codes: model('AuthorizationCode'),
    accessTokens: model('AccessToken'),
    refreshTokens: model('RefreshToken'),
    grants: model('Grant'),
    sessions: model('Session')
  }
}

const inAMinute = () => Math.floor(Date.now() / 1000) + 60

for (const kind of ['codes', 'refreshTokens'] as const) {
  t.test(`of several who use one of the ${kind} at once, lets one and takes the grant back`, async t => {
    const { [kind]: entries, grants } = await openAdapter(t)
    await grants.upsert('grant-1', { accountId: 'alice' }, 60)
    await entries.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)

    const found = await Promise.all([1, 2, 3].map(() => entries.find('once')))
    t.same(found.map(payload => payload?.consumed), [undefined, undefined, undefined], 'all have read it before one marks it')
    const results = await Promise.allSettled([1, 2, 3].map(() => entries.consume('once')))
    t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'rejected'])
    t.match(results[1], { reason: { error: 'invalid_grant' } })
    t.equal(await grants.find('grant-1'), undefined)
  })
}

t.test('remembers that a code was used, and when', async t => {
  const { codes } = await openAdapter(t)
  await codes.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)
  await codes.consume('once')
  t.match(await codes.find('once'), { grantId: 'grant-1', consumed: Number })
})

t.test('keeps the grant of a code that is used once', async t => {
  const { codes, grants } = await openAdapter(t)
  await grants.upsert('grant-1', { accountId: 'alice' }, 60)
  await codes.upsert('once', { grantId: 'grant-1', exp: inAMinute() }, 60)
  await codes.consume('once')
  t.match(await grants.find('grant-1'), { accountId: 'alice' })
})

t.test('forgets all that came of a grant, and nothing else', async t => {
  const { accessTokens, refreshTokens } = await openAdapter(t)
  await accessTokens.upsert('a', { grantId: 'grant-1' }, 60)
  await accessTokens.upsert('b', { grantId: 'grant-2' }, 60)
  await refreshTokens.upsert('c', { grantId: 'grant-1' }, 60)
  await accessTokens.revokeByGrantId('grant-1')
  await refreshTokens.revokeByGrantId('grant-1')
  t.same([await accessTokens.find('a'), await refreshTokens.find('c')], [undefined, undefined])
  t.match(await accessTokens.find('b'), { grantId: 'grant-2' })
})

t.test('finds a session by its uid, until it is destroyed', async t => {
  const { sessions } = await openAdapter(t)
  await sessions.upsert('jti', { uid: 'the-uid', accountId: 'alice' }, 60)
  t.match(await sessions.findByUid('the-uid'), { accountId: 'alice' })
  await sessions.destroy('jti')
  t.equal(await sessions.findByUid('the-uid'), undefined)
})

const user = {
  username: 'ann', password: 'ann-lab', sub: 'usr-1', claims: { name: 'Ann', email: 'ann@example.org', email_verified: true }
}
const client = {
  client_id: 'shop',
  client_name: 'Shop',
  client_uri: 'http://shop.localhost/',
  client_secret: 'lab-only-secret-of-the-shop',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: ['http://shop.localhost/callback'],
  grant_types: ['authorization_code'],
  scope: 'openid'
}

// JSON is YAML too.
const mistakesInFiles: [string, 'users' | 'clients', object[], string][] = [
  [
    'a user without an email address', 'users',
    [{ ...user, claims: { name: 'Ann', email_verified: true } }],
    'entry 1 (ann), field claims.email: is missing'
  ],
  [
    'an email address that is none', 'users',
    [{ ...user, claims: { ...user.claims, email: 'ann' } }],
    'entry 1 (ann), field claims.email: must be an email address'
  ],
  [
    'a claim that there is not', 'users',
    [{ ...user, claims: { ...user.claims, givenname: 'Ann' } }],
    'entry 1 (ann), field claims.givenname: there is no such name; did you mean given_name?'
  ],
  [
    'a flag that is neither true nor false', 'users',
    [{ ...user, disabled: 'yes' }],
    'entry 1 (ann), field disabled: must be true or false, not a string'
  ],
  [
    'a user name that nobody can type', 'users',
    [{ ...user, username: 'ann ' }],
    'entry 1 (ann ), field username: must be '
  ],
  [
    'a second factor that no app could have', 'users',
    [{ ...user, second_factor: { totp_secret: 'x' } }],
    'entry 1 (ann), field second_factor.totp_secret: must be the secret of the authenticator app'
  ],
  ['a level with a space', 'users', [{ ...user, acr: 'a b' }], 'entry 1 (ann), field acr: must be '],
  ['a subject with a space', 'users', [{ ...user, sub: 'usr 1' }], 'entry 1 (ann), field sub: must be '],
  ['a user name that is taken', 'users', [user, { ...user, username: 'Ann', sub: 'usr-2' }], 'entry 2 (Ann), field username: is there twice'],
  ['a subject that is taken', 'users', [user, { ...user, username: 'ben' }], 'entry 2 (ben), field sub: is there twice'],
  ['a file without users', 'users', [], 'the list: must have at least 1 entry'],
  [
    'a client without a secret', 'clients',
    [{ ...client, client_secret: undefined }],
    'entry 1 (shop), field client_secret: is missing'
  ],
  [
    'a secret that can be guessed', 'clients',
    [{ ...client, client_secret: 'secret' }],
    'entry 1 (shop), field client_secret: must have at least 16 characters'
  ],
  [
    'a secret that is for nothing', 'clients',
    [{ ...client, token_endpoint_auth_method: 'none' }],
    'entry 1 (shop), field token_endpoint_auth_method: is none'
  ],
  [
    'a client that signs with keys that nobody knows', 'clients',
    [{ ...client, client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' }],
    'entry 1 (shop), field jwks: is missing'
  ],
  [
    'request objects that nobody can check', 'clients',
    [{ ...client, request_objects: 'allowed' }],
    'entry 1 (shop), field jwks: is missing'
  ],
  ['a rule to be let off that there is not', 'clients', [{ ...client, permissive: ['pkce-plane'] }], 'entry 1 (shop), field permissive.0: must be one of '],
  ['a usage that there is not', 'clients', [{ ...client, dpop: 'always' }], 'entry 1 (shop), field dpop'],
  [
    'a redirect URI that a header would take for two', 'clients',
    [{ ...client, redirect_uris: ['http://shop.localhost;sandbox/'] }],
    'entry 1 (shop), field redirect_uris.0: must be '
  ],
  [
    'a scope with a character that is none of a scope', 'clients',
    [{ ...client, scope: 'openid "x"' }],
    'entry 1 (shop), field scope: must be '
  ],
  [
    'a redirect URI that is no URL', 'clients',
    [{ ...client, redirect_uris: ['/callback'] }],
    'entry 1 (shop), field redirect_uris.0: must be '
  ],
  [
    'a redirect URI with a fragment', 'clients',
    [{ ...client, redirect_uris: ['http://shop.localhost/#top'] }],
    'entry 1 (shop), field redirect_uris.0: must be '
  ],
  [
    'a client without redirect URIs', 'clients',
    [{ ...client, redirect_uris: [] }],
    'entry 1 (shop), field redirect_uris: must have at least 1 entry'
  ],
  [
    'a scheme of an application for a web client', 'clients',
    [{ ...client, redirect_uris: ['com.example.shop:/callback'] }],
    'entry 1 (shop), field redirect_uris: com.example.shop:/callback begins with neither http:// nor https://'
  ],
  [
    'http for a native client anywhere but at loopback', 'clients',
    [{ ...client, application_type: 'native' }],
    'entry 1 (shop), field redirect_uris: http://shop.localhost/callback is http'
  ],
  ['the implicit grant', 'clients', [{ ...client, grant_types: ['implicit'] }], 'entry 1 (shop), field grant_types.0'],
  ['scopes without openid', 'clients', [{ ...client, scope: 'profile' }], 'entry 1 (shop), field scope: must be '],
  [
    'a client field that there is not', 'clients',
    [{ ...client, redirect_uri: 'x' }],
    'entry 1 (shop), field redirect_uri: there is no such name; did you mean redirect_uris?'
  ],
  ['a client that is there twice', 'clients', [client, client], 'entry 2 (shop), field client_id: is there twice'],
  [
    'a setting that there is not', 'clients',
    [{ ...client, client_uri: '${SHOP_URL}' }],
    'entry 1 (shop), field client_uri refers to the setting SHOP_URL'
  ]
]
for (const [label, kind, entries, message] of mistakesInFiles) {
  t.test(`refuses ${label}, and says in which file, entry and field`, async t => {
    const folder = t.testdir({ 'mine.yaml': JSON.stringify(entries) })
    const settings = labSettings({ [kind === 'users' ? 'USERS_FILE' : 'CLIENTS_FILE']: join(folder, 'mine.yaml') })
    t.throws(() => loadIdpConfig(settings), { name: 'DataFileError', message: /^mine\.yaml has / })
    t.throws(() => loadIdpConfig(settings), { message: `  ${message}` })
  })
}

t.test('reads users and clients of one\'s own, with settings filled in', async t => {
  const folder = t.testdir({
    'users.yaml': JSON.stringify([user]),
    'clients.yaml': JSON.stringify([{ ...client, redirect_uris: ['${APP_URL}/callback'] }])
  })
  const { users, clients } = loadIdpConfig(labSettings({
    USERS_FILE: join(folder, 'users.yaml'), CLIENTS_FILE: join(folder, 'clients.yaml'), APP_PORT: '4000'
  }))
  t.match(users, [{ username: 'ann', disabled: false, always_ask_consent: false }])
  t.match(clients, [{ redirect_uris: ['http://app.localhost:4000/callback'], first_party: false, post_logout_redirect_uris: [] }])
})

t.test('ships with people of every kind that an application has to cope with', async t => {
  const { users } = loadIdpConfig(labSettings())
  t.ok(users.length >= 8, 'at least eight of them')
  t.ok(users.some(({ claims }) => claims.family_name === undefined), 'one without a family name')
  t.ok(users.some(({ claims }) => !/\p{Script=Latin}/u.test(String(claims['name']))), 'one with a name in another script')
  t.ok(users.some(({ claims }) => claims.email_verified === false), 'one with an unverified email address')
  t.ok(users.some(({ disabled }) => disabled), 'one whose account is disabled')
  t.ok(users.some(({ claims }) => Object.values(claims).some(value => String(value).length > 4096)), 'one with a very long claim')
  t.ok(users.some(user => user.always_ask_consent && !user.disabled), 'one who is always asked for consent')
  t.ok(users.every(({ about }) => about !== ''), 'each with a word about why')
})

t.test('ships with two confidential clients whose redirect URIs follow the settings', async t => {
  const { clients } = loadIdpConfig(labSettings({ APP_URL: 'https://brand.example' }))
  t.match(clients, [
    {
      client_id: 'relying-party',
      redirect_uris: ['https://brand.example/callback'],
      token_endpoint_auth_method: 'client_secret_basic'
    },
    {
      client_id: 'genesys-messenger',
      redirect_uris: ['https://brand.example/messenger/callback'],
      token_endpoint_auth_method: 'client_secret_post'
    }
  ])
  t.equal(clients.length, 2)
})

/** `services/idp/server.ts` as a process of its own, with these settings and no others. */
function run (t: Test, settings: Record<string, string>) {
  const child = spawn(process.execPath, ['services/idp/server.ts'], {
    cwd: root,
    env: labSettings({ ...compileCache(), STATE_DIR: settings['STATE_DIR'] ?? t.testdir({}), LOG_FORMAT: 'json', ...settings })
  })
  t.teardown(() => { child.kill('SIGKILL') })
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return {
    child,
    ended: async () => {
      const [stdout, stderr, [code]] = await output
      return { stdout, stderr, code: code as number | null }
    }
  }
}

t.test('starts, answers and ends without a word of oidc-provider on its console', { skip: noSignals }, async t => {
  const ports = await freePorts()
  const { child, ended } = run(t, ports)
  const url = `http://idp.localhost:${ports.IDP_PORT}`
  await until('it answers', async () => (await fetch(`${url}/readyz`)).ok)
  await fetch(`${url}/.well-known/openid-configuration`)
  await fetch(`${url}/auth`)
  await fetch(`${url}/token`, { method: 'POST' })
  child.kill('SIGTERM')

  const { stdout, stderr, code } = await ended()
  t.equal(stderr, '')
  t.notMatch(stdout, /oidc-provider|WARNING|NOTICE/)
  const lines = stdout.trim().split('\n').map(line => JSON.parse(line) as { level: number, msg: string })
  t.ok(lines.some(({ msg }) => msg.includes(url)), 'says where it is ready')
  t.same(lines.filter(({ level }) => level >= 40), [], 'no warning in its own log either')
  t.equal(code, 0, 'a request to stop is no failure')
})

const mistakes: [string, (t: Test) => Record<string, string>, string[]][] = [
  ['settings that are wrong', () => ({ OIDC_CLIENT_SECRET: '', IDP_PORT: 'abc' }), [
    '  IDP_PORT: is malformed; it must be a TCP port',
    '  OIDC_CLIENT_SECRET: is missing; it must be a secret of at least 16 characters',
    'idp cannot start, settings are wrong:'
  ]],
  ['a mistake in a file', t => ({
    USERS_FILE: join(t.testdir({ 'users.yaml': '- username: ann' }), 'users.yaml'),
    STATE_DIR: t.testdirName
  }), [
    '  entry 1 (ann), field claims: is missing',
    '  entry 1 (ann), field password: is missing',
    '  entry 1 (ann), field sub: is missing',
    'users.yaml has 3 mistakes:'
  ]]
]
for (const [label, settings, lines] of mistakes) {
  t.test(`does not start with ${label}, and says so in one message`, async t => {
    const { stdout, stderr, code } = await run(t, settings(t)).ended()
    t.equal(code, 1)
    t.equal(stdout, '')
    t.same(stderr.trim().split('\n').sort(), lines)
  })
}

t.test('does not start with a file that is not there, and says which, without a stack', async t => {
  const { stderr, code } = await run(t, { USERS_FILE: '/nowhere/users.yaml' }).ended()
  t.equal(code, 1)
  t.match(stderr, '/nowhere/users.yaml')
  t.notMatch(stderr, /^ {4}at /m)
})

t.test('does not start on a port that is taken, and says what to do', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close() })
  const { port } = server.address() as AddressInfo
  const { stderr, code } = await run(t, { IDP_PORT: String(port) }).ended()
  t.equal(code, 1)
  t.match(stderr.trim(), `port ${port} is taken`)
  t.match(stderr.trim(), 'IDP_PORT')
  t.equal(stderr.trim().split('\n').length, 1)
})
