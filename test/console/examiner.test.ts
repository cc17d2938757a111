// The checks that no fault of the provider breaks: what applications do wrong, and what a careful provider refuses. The others are
// seen broken where faults are met, in `flows` and `foreign-relying-party`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { examine, messageChecks, signInChecks } from '../../services/console/examiner/examine.ts'
import { Examiner } from '../../services/console/examiner/examiner.ts'
import { Signatures } from '../../services/console/examiner/signatures.ts'
import type { Service } from '../../services/console/journeys/message.ts'
import type { RegisteredClient } from '../../services/idp/clients/registered-clients.ts'
import { brokenChecks } from '../helpers/examined-faults.ts'
import { broken, examinedJourneys } from '../helpers/examined-journeys.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { startIdp, Visitor, type Idp, type Tokens } from '../idp/helper.ts'
import { authorizationMistakes } from '../idp/permissive/authorization-mistakes.ts'
import { realmWithClients } from '../idp/permissive/helper.ts'
import { laterMistakes } from '../idp/permissive/later-mistakes.ts'
import type { Mistake } from '../idp/permissive/mistake.ts'
import { tokenMistakes } from '../idp/permissive/token-mistakes.ts'
import { message } from './message.ts'

const idp = await startIdp(t)
const knowledge = { issuer: 'http://idp.localhost', app: 'http://app.localhost', clients: [], keys: [], signatures: new Signatures() }
const seenBroken = new Set(Object.values(brokenChecks))

async function findingsIn (realm: Idp) {
  const findings = (await examinedJourneys(realm)).flatMap(({ findings }) => findings)
  for (const name of broken(findings)) seenBroken.add(name)
  return findings
}

/** What a check has made of each of its messages. */
const foundBy = (findings: Awaited<ReturnType<typeof findingsIn>>, name: string) => findings.filter(finding => finding.name === name)

/** By the rule that is broken; none where there is nothing in what is exchanged that shows it. */
const checkOf: Record<string, string[]> = {
  'redirect-uri-not-registered': ['redirect-uri-registered'],
  'pkce-plain': ['code-challenge-method'],
  'client-authentication-missing': ['client-authentication'],
  'client-authentication-method': ['client-authentication'],
  'client-secret-wrong': ['client-secret'],
  'code-verifier-missing': ['code-challenge'],
  'code-verifier-wrong': ['code-challenge'],
  'code-verifier-unasked': ['code-challenge'],
  'token-request-redirect-uri': ['redirect-uri-repeated'],
  'code-replayed': ['code-once'],
  'code-of-another-client': ['code-client'],
  'refresh-token-reused': ['refresh-token-once'],
  'refresh-token-of-another-client': ['refresh-token-client'],
  'access-token-expired': ['access-token-in-time'],
  'id-token-hint-forged': ['id-token-hint'],
  'post-logout-redirect-uri-not-registered': ['post-logout-redirect-uri']
}
// A second use that is refused is as it should be.
const onlyIfLetPass = new Set(['code-once', 'refresh-token-once', 'access-token-in-time'])

function expected ({ rule, doing, endpoint }: Mistake, isPermissive: boolean): string[] {
  if (endpoint === 'pushed_authorization_request' && (!isPermissive || rule === 'client-authentication-missing')) return []
  // It was registered for the header.
  const others = doing.includes('in the form') ? ['client-authentication'] : []
  return [...others, ...checkOf[rule] ?? []].filter(check => isPermissive || !onlyIfLetPass.has(check))
}

for (const mistake of [...authorizationMistakes, ...tokenMistakes, ...laterMistakes]) {
  t.test(`a client ${mistake.doing}: ${expected(mistake, true).join(' and ') || 'no check'}`, async t => {
    const { realm, strict, permissive, other } = await realmWithClients(idp)
    for (const client of [strict, permissive]) {
      await realm.lab.ledger.clear()
      await realm.lab.clock.reset()
      await mistake.make(realm, client, other)
      const findings = await findingsIn(realm)
      // That an error comes back is to be said of each that does.
      const names = broken(findings).filter(name => client === permissive || name !== 'error-response')
      t.strictSame(names.sort(), expected(mistake, client === permissive).sort(), client.client_id)
      const outcomes = findings.filter(({ ok, by }) => !ok && by === 'provider').map(({ outcome }) => outcome)
      t.strictSame(outcomes, outcomes.map(() => client === permissive ? 'accepted' : 'refused'), 'and what the provider made of it')
    }
  })
}

let requests = 0

/** A sign-in in a browser of its own, each with values of its own. */
async function signIn (realm: Idp, client: RegisteredClient, { visitor = new Visitor(realm), username = 'alice', ...changes }: { visitor?: Visitor, username?: string, [name: string]: unknown } = {}) {
  const number = ++requests
  const page = await visitor.signIn(username, client, { state: `state-${number}-of-a-request`, nonce: `nonce-${number}-of-a-request`, ...changes as Record<string, string> })
  return (await realm.redeem(client, page.location?.searchParams.get('code') ?? '')).json<Tokens>()
}

t.test('whoever uses a state, a nonce or a code verifier again is told so, and not whose browser sends a request again', async t => {
  const { realm, strict } = await realmWithClients(idp)
  const visitor = new Visitor(realm)
  await visitor.signIn('alice', strict)
  await visitor.open(realm.authorizationRequest(strict))
  t.strictSame(broken(await findingsIn(realm)), [], 'the browser went back')
  await visitor.open(realm.authorizationRequest(strict, { scope: 'openid' }))
  t.strictSame(broken(await findingsIn(realm)).sort(), ['code-challenge-fresh', 'nonce-fresh', 'state-fresh'], 'another request in the same browser')
  await realm.lab.ledger.clear()
  await new Visitor(realm).signIn('alice', strict)
  await new Visitor(realm).signIn('bob', strict, { nonce: 'a-nonce-of-its-own' })
  t.strictSame(broken(await findingsIn(realm)), ['code-challenge-fresh'], 'another browser: beside a new nonce the state may be the same')
})

t.test('a code is bound by PKCE, or where the client has a secret by a nonce', async t => {
  const { realm, permissive } = await realmWithClients(idp)
  const without = { code_challenge: undefined, code_challenge_method: undefined }
  await new Visitor(realm).signIn('alice', permissive, without)
  t.strictSame(broken(await findingsIn(realm)), [])
  await new Visitor(realm).signIn('alice', permissive, { ...without, nonce: undefined })
  t.match(foundBy(await findingsIn(realm), 'code-bound').filter(({ ok }) => !ok), [{ expected: 'code_challenge or nonce', found: 'nothing' }])
  const { client_id: _id, client_secret: _none, ...fields } = permissive
  await realm.lab.clients.put('permissive', { ...fields, token_endpoint_auth_method: 'none' })
  t.equal(foundBy(await findingsIn(realm), 'code-bound').filter(({ ok }) => !ok).length, 2, 'a public client needs PKCE')
})

t.test('a code that is redeemed after an hour is too old, and the provider refuses it', async t => {
  const { realm, strict } = await realmWithClients(idp)
  const code = await realm.codeFor('alice', strict)
  await realm.lab.clock.advance(3_600)
  await realm.redeem(strict, code)
  const [finding] = foundBy(await findingsIn(realm), 'code-in-time')
  t.match(finding, { ok: false, expected: 'within 600 s', found: /^after 360\d s$/, outcome: 'refused' })
})

t.test('a sign-out with the ID token of another client, or of another session, is marked', async t => {
  const { realm, strict, other } = await realmWithClients(idp)
  const visitor = new Visitor(realm)
  const { id_token: first } = await signIn(realm, strict, { visitor })
  await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: first, client_id: other.client_id })}`)
  t.match(foundBy(await findingsIn(realm), 'id-token-hint-client'), [{ ok: false, expected: 'other', found: 'strict', outcome: 'refused' }])
  await realm.lab.sessions.end('alice')
  await signIn(realm, strict, { visitor, username: 'bob' })
  await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: first })}`)
  t.match(foundBy(await findingsIn(realm), 'id-token-hint-session').at(-1), { ok: false, found: 'one of another session' })
})

t.test('an honest sign-in is examined to the end, and everything holds', async t => {
  /** What an honest client may do in another way than the rest. */
  const ways: [string, (realm: Idp, client: RegisteredClient) => Promise<unknown>][] = [
    ['as most', (realm, client) => everything(realm, client)],
    ['with a pushed request', async (realm, client) => {
      await realm.lab.clients.patch(client.client_id, { pushed_authorization_requests: 'allowed' })
      const parameters = new URL(realm.authorizationRequest(client)).searchParams
      const { request_uri: reference } = (await realm.post('/request', client, Object.fromEntries(parameters))).json()
      const none = Object.fromEntries([...parameters.keys()].map(name => [name, undefined]))
      await everything(realm, client, { ...none, client_id: client.client_id, request_uri: reference })
    }],
    ['with a request that is a signed object', async (realm, client) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256')
      await realm.lab.clients.patch(client.client_id, { request_objects: 'allowed', jwks: { keys: [{ ...await exportJWK(publicKey), alg: 'ES256', kid: 'one' }] } })
      const parameters = Object.fromEntries(new URL(realm.authorizationRequest(client)).searchParams)
      const request = await new SignJWT(parameters).setProtectedHeader({ alg: 'ES256', kid: 'one' }).setIssuer(client.client_id).setAudience(realm.issuer).setIssuedAt().setExpirationTime('5m').sign(privateKey)
      const none = Object.fromEntries(Object.keys(parameters).map(name => [name, undefined]))
      await everything(realm, client, { ...none, client_id: client.client_id, request })
    }],
    ['with an answer that a page posts', (realm, client) => everything(realm, client, { response_mode: 'form_post' })]
  ]
  const about = [
    'redirect-uri-registered', 'code-bound', 'code-challenge-method', 'state-fresh', 'nonce-fresh', 'code-challenge-fresh', 'error-response', 'state',
    'issuer-parameter', 'redirect-uri-repeated', 'code-challenge', 'code-once', 'code-in-time', 'code-client', 'client-authentication', 'client-secret',
    'token-response', 'id-token-alg', 'id-token-key', 'id-token-signature', 'id-token-iss', 'id-token-aud', 'id-token-sub', 'id-token-iat', 'id-token-exp',
    'id-token-nonce', 'userinfo-sub', 'access-token-in-time', 'refresh-token-client', 'refresh-token-once', 'refreshed-id-token-iss',
    'refreshed-id-token-aud', 'refreshed-id-token-sub', 'userinfo-response', 'provider-cookies', 'id-token-hint', 'id-token-hint-session',
    'post-logout-redirect-uri'
  ]
  for (const [way, go] of ways) {
    await t.test(way, async t => {
      const { realm, strict } = await realmWithClients(idp)
      await go(realm, strict)
      const findings = await findingsIn(realm)
      t.strictSame(findings.filter(({ ok }) => !ok), [])
      t.strictSame(about.filter(check => foundBy(findings, check).length === 0), [], 'each of these was checked')
    })
  }

  async function everything (realm: Idp, client: RegisteredClient, changes: Record<string, string | undefined> = {}) {
    const visitor = new Visitor(realm)
    const { location, $ } = await visitor.signIn('alice', client, changes)
    const code = location?.searchParams.get('code') ?? $('input[name=code]').attr('value')
    const tokens = (await realm.redeem(client, code!)).json<Tokens>()
    await realm.userinfo(tokens.access_token)
    await realm.refresh(client, tokens.refresh_token!)
    const [back = ''] = client.post_logout_redirect_uris
    await visitor.open(`/session/end?${new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: back })}`)
  }
})

t.test('a native application may listen on any port', async t => {
  const { realm, strict } = await realmWithClients(idp)
  const { client_id: _id, client_secret: _none, ...fields } = strict
  await realm.lab.clients.put('strict', { ...fields, token_endpoint_auth_method: 'none', application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'], post_logout_redirect_uris: [] })
  const page = await new Visitor(realm).signIn('alice', strict, { redirect_uri: 'http://127.0.0.1:50123/callback' })
  t.equal(page.location?.port, '50123')
  t.match(foundBy(await findingsIn(realm), 'redirect-uri-registered'), [{ ok: true }])
})

t.test('to give tokens up is no sign that they were accepted, and to use them is one', async t => {
  const outcomeAfter = async (t: Test, doing: string, use: (realm: Idp, client: RegisteredClient, tokens: Tokens, visitor: Visitor) => Promise<unknown>, outcome?: string) => t.test(doing, async t => {
    const { realm, strict } = await realmWithClients(idp)
    const visitor = new Visitor(realm)
    await realm.lab.faults.switchOn('id-token-invalid-nonce', { count: 1 })
    const tokens = await signIn(realm, strict, { visitor })
    t.match(foundBy(await findingsIn(realm), 'id-token-nonce'), [{ ok: false, outcome: undefined }], 'before that nothing is known')
    await use(realm, strict, tokens, visitor)
    const [finding] = foundBy(await findingsIn(realm), 'id-token-nonce')
    t.equal(finding?.outcome, outcome)
    t.equal(finding?.evidence === undefined, outcome === undefined, 'with the message that shows it')
  })
  await outcomeAfter(t, 'revokes', (realm, client, { access_token: token }) => realm.post('/token/revocation', client, { token }))
  await outcomeAfter(t, 'introspects', (realm, client, { access_token: token }) => realm.post('/token/introspection', client, { token }))
  await outcomeAfter(t, 'begins anew', (realm, client, _tokens, visitor) => signIn(realm, client, { visitor }))
  await outcomeAfter(t, 'asks for claims', (realm, _client, { access_token: token }) => realm.userinfo(token), 'accepted')
  await outcomeAfter(t, 'refreshes', (realm, client, { refresh_token: token }) => realm.refresh(client, token!), 'accepted')
  await outcomeAfter(t, 'has a session to end by it', (_realm, _client, { id_token: hint }, visitor) => visitor.open(`/session/end?id_token_hint=${hint}`), 'accepted')
  await outcomeAfter(t, 'asks for nobody else than whom it is about', (realm, client, { id_token: hint }, visitor) =>
    visitor.open(realm.authorizationRequest(client, { prompt: 'none', id_token_hint: hint })), 'accepted')
})

t.test('a key that was retired before anybody looked has signed what it has signed', async t => {
  const { IDP_PORT: port } = await freePorts()
  const lab = await startIdp(t, { IDP_PORT: port, IDP_ISSUER: `http://127.0.0.1:${port}` })
  await lab.app.listen({ host: '127.0.0.1', port: Number(port) })
  const { realm, strict } = await realmWithClients(lab)
  await signIn(realm, strict)
  await realm.get('/jwks')
  const [{ kid } = { kid: '' }] = await realm.lab.keys.list()
  await realm.lab.keys.rotate()
  await realm.lab.keys.retire(kid)
  const journeys = await examinedJourneys(realm)
  const examiner = new Examiner({ issuer: lab.issuer, app: knowledge.app })
  const findings = (await Promise.all(journeys.map(journey => examiner.examine(journey, journeys)))).flat()
  t.strictSame(['id-token-key', 'id-token-signature'].flatMap(name => foundBy(findings, name)).map(({ ok }) => ok), [true, true])
})

t.test('cookies are kept from scripts and other sites, and from http where there is https', async t => {
  const flags = 'Path=/; HttpOnly; SameSite=Lax'
  const find = async (service: Service, cookies: string[], urls: Partial<typeof knowledge> = {}) => {
    const findings = await examine({ id: '1', messages: [message(service, 'login', { answerHeaders: { 'set-cookie': cookies } })] }, { ...knowledge, ...urls })
    for (const name of broken(findings)) seenBroken.add(name)
    return findings.map(({ name, ok, found }) => ok ? name : found)
  }
  const https = { issuer: 'https://idp.localhost', app: 'https://app.localhost' }
  t.strictSame(await find('relying-party', [`session=abc; ${flags}`]), ['relying-party-cookies'])
  t.strictSame(await find('relying-party', ['session=abc; Path=/', 'other=abc; HttpOnly; SameSite=Strict']), ['session has no HttpOnly; session has no SameSite'])
  t.strictSame(await find('relying-party', ['session=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'other=abc; Max-Age=0']), [], 'taken away')
  t.strictSame(await find('relying-party', [`session=abc; ${flags}`], https), ['session has no Secure; session has no __Host- before its name'])
  t.strictSame(await find('relying-party', [`__Host-session=abc; ${flags}; Secure`], https), ['relying-party-cookies'])
  t.strictSame(await find('idp', [`_session=abc; ${flags}; Secure`], https), ['provider-cookies'])
  t.strictSame(await find('idp', [`_session=abc; ${flags}`], https), ['_session has no Secure'])
  t.strictSame(await find('idp', ['_session_in_frames=abc; httponly; samesite=none']), ['_session_in_frames has no Secure'])
})

const encode = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')

/** What is found in a sign-in at another provider than ours, which does as is said here. */
async function findingsOf (tokens: { accessToken: string, claims: object }, refreshes: { refreshToken: string, answer: Record<string, string>, claims: object }[] = []) {
  const idTokenOf = (claims: object) => [encode({ alg: 'RS256' }), encode(claims), 'signature'].join('.')
  const parameters = { client_id: 'shop', redirect_uri: 'http://shop.localhost/' }
  const findings = await examine({
    id: '1',
    messages: [
      message('idp', 'authorization', { parameters, answer: { location: parameters.redirect_uri, code: 'the-code' } }),
      message('idp', 'token', {
        client_id: 'shop',
        parameters: { code: 'the-code' },
        answer: { access_token: tokens.accessToken, refresh_token: 'the-refresh-token', id_token: idTokenOf(tokens.claims) }
      }),
      ...refreshes.map(({ refreshToken, answer, claims }) => message('idp', 'token', {
        client_id: 'shop', parameters: { grant_type: 'refresh_token', refresh_token: refreshToken }, answer: { ...answer, id_token: idTokenOf(claims) }
      }))
    ]
  }, knowledge)
  for (const name of broken(findings)) seenBroken.add(name)
  return findings
}

t.test('the hash of an access token in the ID token is that of the one beside it', async t => {
  const find = async (atHash: string) =>
    foundBy(await findingsOf({ accessToken: 'jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y', claims: { at_hash: atHash } }), 'id-token-at-hash').map(({ ok }) => ok)
  // The example of OpenID Connect Core, section A.3.
  t.strictSame(await find('77QmUPtjPfzWtF2AnpK9RQ'), [true])
  t.strictSame(await find('77QmUPtjPfzWtF2AnpK9RR'), [false])
})

t.test('to refresh again by a token that was not replaced is no sign that the answer before was accepted', async t => {
  const outcomes = async (refreshToken: string) => {
    const findings = await findingsOf({ accessToken: 'first', claims: { sub: 'alice' } }, [
      { refreshToken: 'the-refresh-token', answer: { access_token: 'second', refresh_token: refreshToken }, claims: { sub: 'mallory' } },
      { refreshToken, answer: { access_token: 'third', refresh_token: refreshToken }, claims: { sub: 'alice' } }
    ])
    return foundBy(findings, 'refreshed-id-token-sub').map(({ ok, outcome }) => [ok, outcome])
  }
  t.strictSame(await outcomes('the-refresh-token'), [[false, undefined]])
  t.strictSame(await outcomes('another-refresh-token'), [[false, 'accepted']])
})

t.test('the README has each check, whose duty it is, what it demands and where that is said', async t => {
  const readme = readFileSync(join(root, 'services', 'console', 'README.md'), 'utf8')
  const section = readme.split('\n## ').find(text => text.startsWith('The examiner'))!
  t.strictSame(section.split('\n').filter(line => line.startsWith('| `')), [...signInChecks, ...messageChecks].map(({ name, by, demands, specification: { section, url } }) =>
    `| \`${name}\` | ${by} | ${demands} | [${section}](${url}) |`))
})

t.test('each check was seen not to hold', async t => {
  const names = [...signInChecks, ...messageChecks].map(({ name }) => name)
  t.strictSame(names.filter(name => !seenBroken.has(name)), [])
  t.equal(new Set(names).size, names.length, 'and has a name of its own')
})
