// Sessions that others end, that time ends, and whose tokens are refreshed, in several processes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { AccessTokens } from '../../services/relying-party/sessions/access-tokens.ts'
import { Refusal } from '../../services/relying-party/refusal.ts'
import type { SignIn } from '../../services/relying-party/oidc/redeem-code.ts'
import type { Tokens } from '../../services/relying-party/oidc/redeemed-tokens.ts'
import type { IdentityProviders } from '../../services/relying-party/oidc/identity-providers.ts'
import { SessionWatch } from '../../services/relying-party/sessions/session-watch.ts'
import { UserSessions } from '../../services/relying-party/sessions/user-sessions.ts'
import { fillDisk as fillDiskOfAll } from '../helpers/full-disk.ts'
import { newStore } from '../helpers/new-store.ts'
import { until } from '../helpers/until.ts'
import { buildAlone, buildWithIdp, fillDisk } from './helper.ts'

const System = Date
const day = 86_400

type Part = Pick<Awaited<ReturnType<typeof buildAlone>>, 'app' | 'config'>

const setClock = ({ app, config }: Part, offsetSeconds: number) =>
  app.inject({ method: 'PUT', url: '/lab/clock', headers: { host: new URL(config.app).host }, payload: { offsetSeconds } })

await t.test('outside of a lab there is no clock to move', async t => {
  const alone = await buildAlone(t, { LAB: 'false' })
  t.equal((await setClock(alone, day)).statusCode, 404)
  t.equal(Date, System)
  t.ok(Date.now() - System.now() < day)
})

const first = await buildWithIdp(t, { SESSION_IDLE_LIFETIME: String(day) })
const { idp, tab, config, settings } = first
/** Another process of it, on the same store. */
const second = await buildAlone(t, settings)

const issuer = 'https://login.example'
const spent: Tokens = { accessToken: 'a1', expiresAt: 0, refreshToken: 'r1', idToken: 'i1' }
const signIn: SignIn = { issuer, user: { sub: 'alice' }, sid: 's1', tokens: spent }

async function open (t: Test) {
  const store = await newStore(t)
  return { store, sessions: new UserSessions(store, { lifetime: 3600, idleLifetime: 3600 }, first.app.log) }
}

t.test('a provider that ends its session while a sign-in by it is on its way ends that sign-in too', async t => {
  const { sessions } = await open(t)
  await sessions.endByProvider(issuer, { sid: 's1' }, { signed: true })
  const { id } = await sessions.start(signIn, 'a browser')
  t.notOk(await sessions.use(id))
  t.notOk(await sessions.tokensOf(id))
  t.equal(await sessions.endingOf(id), 'signed_out_at_provider')

  for (const other of [{ ...signIn, sid: 's2' }, { ...signIn, sid: undefined }, { ...signIn, issuer: 'https://other.example' }]) {
    t.ok(await sessions.use((await sessions.start(other, 'a browser')).id))
  }
})

t.test('what anybody can say by opening an address ends a session, and keeps no later one from starting', async t => {
  const { sessions } = await open(t)
  const first = await sessions.start(signIn, 'a browser')
  await sessions.endByProvider(issuer, { sid: 's1' })
  t.notOk(await sessions.use(first.id))
  t.ok(await sessions.use((await sessions.start(signIn, 'a browser')).id))
})

/** A refresh during which some time passes, and then something else happens. */
async function refreshFor (t: Test, seconds: number, meanwhile: (add: (owner: string) => Promise<boolean>) => Promise<void>) {
  const { store, sessions } = await open(t)
  const session = await sessions.start(signIn, 'a browser')
  const locks = store.collection<string>('refresh-locks')
  const system = Date.now
  t.teardown(() => { Date.now = system })
  const provider = {
    async refresh (): Promise<Tokens> {
      Date.now = () => system() + seconds * 1000
      await meanwhile(owner => locks.add(session.id, owner, { ttl: 60 }))
      return { accessToken: 'a2', expiresAt: undefined, refreshToken: 'r2', idToken: 'i1' }
    }
  }
  const providers = { of: () => provider } as unknown as IdentityProviders
  t.equal(await new AccessTokens(store, { providers, sessions }).of(session), 'a2')
  return locks.get(session.id)
}

t.test('while one process refreshes no other does', async t => {
  const left = await refreshFor(t, 2, async add => { t.equal(await add('another process'), false) })
  t.equal(left, undefined, 'after that others may')
})

t.test('a process that was stopped in the middle of a refresh does not let others in where another one refreshes by now', async t => {
  const left = await refreshFor(t, 120, async add => { t.equal(await add('another process'), true) })
  t.equal(left, 'another process')
})

t.test('what a refresh brings for a session that has ended meanwhile is given back', async t => {
  const { store, sessions } = await open(t)
  const session = await sessions.start(signIn, 'a browser')
  const revoked: (string | undefined)[] = []
  const provider = {
    async refresh (): Promise<Tokens> {
      await sessions.end(session.id, 'signed_out')
      return { ...spent, accessToken: 'a2', refreshToken: 'r2' }
    },
    revoke: ({ refreshToken }: Tokens) => revoked.push(refreshToken)
  }
  const providers = { of: () => provider } as unknown as IdentityProviders
  await t.rejects(new AccessTokens(store, { providers, sessions }).of(session), { message: 'session_ended' })
  t.same(revoked, ['r2'])
})

t.test('a provider that wants to see the person ends the session, and one that does not take our credentials does not', async t => {
  for (const [error, ends] of [['interaction_required', true], ['invalid_grant', true], ['invalid_client', false]] as const) {
    const { store, sessions } = await open(t)
    const session = await sessions.start(signIn, 'a browser')
    const provider = { refresh: () => Promise.reject(new Refusal(error)) }
    const providers = { of: () => provider } as unknown as IdentityProviders
    const thrown = await new AccessTokens(store, { providers, sessions }).of(session).catch(error => error as Refusal)
    t.match(thrown, { error: ends ? 'session_ended' : error })
    t.equal(await sessions.isThere(session.id), !ends, error)
  }
})

const aSecond = 1000

/** Two processes on one store: somebody is signed in, and a page of theirs listens at the first. */
async function setUp (t: Test) {
  const stateFolder = t.testdir({})
  const [here, elsewhere] = await Promise.all([0, 1].map(async () => {
    const store = await openStore({ name: 'relying-party', stateFolder })
    t.teardown(() => store.close())
    return new UserSessions(store, { lifetime: 3600, idleLifetime: 3600 }, first.app.log)
  }))
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  const watch = new SessionWatch(here!)
  t.teardown(() => watch.close())
  const tokens = { accessToken: 'a', refreshToken: undefined, idToken: 'i', expiresAt: undefined }
  const { id } = await here!.start({ issuer: 'http://idp.localhost', user: { sub: 'ada' }, sid: undefined, tokens }, 'a browser')
  const told: string[] = []
  const end = new Promise<void>(resolve => { watch.watch(id, () => { told.push(id); resolve() }) })
  return { here: here!, elsewhere: elsewhere!, id, end, told }
}

t.test('a page is told at once of a session that ends in the process that it listens to', async t => {
  const { here, id, told } = await setUp(t)
  await here.end(id, 'signed_out')
  t.strictSame(told, [id])
})

t.test('a page is told within a second of a session that ends in another process', async t => {
  const { elsewhere, id, end, told } = await setUp(t)
  await elsewhere.end(id, 'signed_out_at_provider')
  t.strictSame(told, [], 'nobody has looked yet')
  mock.timers.tick(aSecond)
  await end
  t.strictSame(told, [id], 'and once')
})

/** Somebody who has not done anything for so long that the next request would be noted down. */
async function signInAWhileAgo (t: Test, username = 'alice') {
  const visitor = tab()
  await visitor.signIn(idp, username)
  const { csrfToken } = (await visitor.get('/session')).json()
  const cookie = await visitor.cookieHeader()
  await setClock(first, 120)
  t.teardown(() => setClock(first, 0))
  const isThere = async () => (await tab().get('/session', { cookie })).json()['authenticated']
  return { visitor, headers: { 'csrf-token': String(csrfToken) }, isThere }
}

const fullDisks = { 'that has no room for anything new': ['INSERT', 'UPDATE'], 'that has none to delete either': ['INSERT', 'UPDATE', 'DELETE'] } as const

for (const [which, statements] of Object.entries(fullDisks)) {
  for (const path of ['/logout', '/logout/everywhere']) {
    t.test(`on a full disk ${which} POST ${path} ends the session, and goes on to the provider`, async t => {
      const { visitor, headers, isThere } = await signInAWhileAgo(t)
      const other = await signInAWhileAgo(t)
      const makeRoom = fillDisk(t, config, ...statements)
      t.equal(await isThere(), true, 'one can go on')
      t.match((await visitor.post(path, headers)).location?.href, `${config.issuer}/session/end?`)
      t.notOk(await visitor.cookieHeader())
      t.equal(await isThere(), false, 'nor is a copy of the cookie of use')
      t.equal(await other.isThere(), path === '/logout')

      makeRoom()
      const { sessions } = (await other.visitor.get('/sessions')).json<{ sessions?: unknown[] }>()
      t.equal(sessions?.length, path === '/logout' ? 1 : undefined)
      await until('it is deleted for good', () => sessionsKept() === (path === '/logout' ? 1 : 0))
    })
  }
}

t.test('on a full disk no sign-in begins, and who asks for one is told to try again', async t => {
  fillDiskOfAll(t)
  const page = await tab().get('/login', { accept: 'text/html' })
  t.match([page.status, page.headers.get('retry-after'), page.$('h1').text()], [503, '2', 'This is not possible right now'])
})

t.test('on a full disk a session in the list can be ended', async t => {
  const { visitor, headers, isThere } = await signInAWhileAgo(t)
  const { sessions } = (await visitor.get('/sessions')).json<{ sessions: { handle: string, current: boolean }[] }>()
  fillDisk(t, config, 'INSERT', 'UPDATE')
  t.equal((await visitor.post(`/sessions/${sessions.find(({ current }) => current)!.handle}/end`, headers)).status, 204)
  t.equal(await isThere(), false)
})

/** How many the store has of Alice, for whichever process. */
function sessionsKept (): number {
  const database = new DatabaseSync(join(config.stateFolder, 'relying-party.sqlite'), { readOnly: true })
  const { count } = database.prepare("SELECT count(*) AS count FROM entry WHERE collection = 'sessions' AND value LIKE '%usr-7f3a91c0%'").get() as { count: number }
  database.close()
  return count
}

const accessTokenLifetime = 15 * 60

/** What the provider has said of refreshes. */
async function refreshes () {
  const { entries } = await idp.lab.ledger.query({ endpoint: 'token' })
  return entries.filter(({ parameters }) => parameters['grant_type'] === 'refresh_token').map(({ status }) => status)
}

/** What somebody who can read the store would find of the latest sign-in. */
function refreshTokenIn (stateFolder: string): string {
  const database = new DatabaseSync(join(stateFolder, 'relying-party.sqlite'), { readOnly: true })
  const { value } = database.prepare("SELECT value FROM entry WHERE collection = 'tokens' ORDER BY sequence DESC").get() as { value: string }
  database.close()
  return (JSON.parse(value) as { refreshToken: string }).refreshToken
}

/** Somebody who is signed in at both by the same cookie, and whose tokens have run out. */
async function signInAtBoth (t: Test) {
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.cookieHeader()
  const profileAt = ({ tab }: Pick<typeof first, 'tab'>) => tab().get('/api/profile', { cookie, accept: 'application/json' })
  await idp.lab.ledger.clear()
  await idp.lab.clock.set(accessTokenLifetime)
  t.teardown(() => idp.lab.clock.reset())
  return { profileAt, visitor, cookie }
}

t.test('of two processes on one store one refreshes, and the other uses what came of it', async t => {
  const { profileAt } = await signInAtBoth(t)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => profileAt(index % 2 === 0 ? first : second)))
  t.same(answers.map(({ status }) => status), answers.map(() => 200))
  t.same(await refreshes(), [200])
})

t.test('a refresh token that was stolen and used ends the session of both', async t => {
  const { profileAt, visitor, cookie } = await signInAtBoth(t)
  const { clientId, authentication } = config.oidc
  const secret = authentication.method === 'private_key_jwt' ? '' : authentication.secret
  const theft = await idp.app.inject({
    method: 'POST',
    url: '/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
    },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshTokenIn(config.stateFolder) }).toString()
  })
  t.equal(theft.statusCode, 200, 'the thief is quicker')

  t.equal((await profileAt(first)).status, 401, 'the provider sees that it is used twice')
  t.equal((await profileAt(second)).status, 401)
  t.same((await visitor.get('/session', { cookie })).json(), { authenticated: false, ended: { reason: 'refused_by_provider' } })
})

t.test('a session ends when the clock says so, though the browser still has its cookie', async t => {
  t.teardown(() => setClock(first, 0))
  const visitor = tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.cookieHeader()
  const isSignedIn = async () => (await visitor.get('/session', { cookie })).json()['authenticated']

  const { lifetime } = config.session
  for (const [offsetSeconds, signedIn] of [[lifetime - 60, true], [lifetime + 60, false]] as const) {
    t.equal((await setClock(first, offsetSeconds)).statusCode, 200)
    t.equal(await isSignedIn(), signedIn, `after ${offsetSeconds} s`)
  }
})

t.test('a browser that loads files of the page and nothing else does not keep its session from ending', async t => {
  const idleLifetime = 3600
  const brief = await buildAlone(t, { ...settings, SESSION_IDLE_LIFETIME: String(idleLifetime) })
  t.teardown(() => setClock(first, 0))
  const visitor = brief.tab()
  await visitor.signIn(idp, 'alice')
  const cookie = await visitor.cookieHeader()
  const isSignedIn = async () => (await visitor.get('/session', { cookie })).json()['authenticated']
  t.equal(await isSignedIn(), true)
  await setClock(first, idleLifetime - 60)
  for (const path of ['/', '/page.js', '/brand.css', '/livez']) t.equal((await visitor.get(path, { cookie })).status, 200)
  await setClock(first, idleLifetime + 60)
  t.equal(await isSignedIn(), false)
})

t.test('a sign-in that takes too long is over', async t => {
  t.teardown(() => setClock(first, 0))
  const visitor = tab()
  const state = await visitor.startSignIn()
  const cookie = await visitor.cookieHeader()
  await setClock(first, 3601)
  const { $ } = await visitor.get(`/callback?code=c&state=${state}`, { cookie })
  t.equal($('dl code').text(), 'state_unknown')
})

t.test('who signed in too often while the clock was ahead is not shut out once it is back', async t => {
  const { tab, ...alone } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '1' })
  await setClock(alone, day)
  t.equal((await tab().get('/login')).status, 503)
  await setClock(alone, 0)
  const { status, headers } = await tab().get('/login')
  t.equal(status, 429)
  t.ok(Number(headers.get('retry-after')) <= 60, String(headers.get('retry-after')))
})

t.test('asks the provider anew when the clock was moved, lest old keys seem fresh for as long', async t => {
  const provider = await countingProvider(t)
  const alone = await buildAlone(t, { IDP_ISSUER: provider.issuer })
  await alone.app.listen({ host: '127.0.0.1', port: 0 })
  const isReady = async () => (await alone.app.inject('/readyz')).statusCode === 200
  await until('the provider is found', isReady)
  for (const [index, offsetSeconds] of [day, 0].entries()) {
    await setClock(alone, offsetSeconds)
    t.ok(await isReady(), 'and goes by what it knows meanwhile')
    await until('it was asked again', () => provider.asked() === index + 2)
  }
})

/** No more of a provider than its metadata. */
async function countingProvider (t: Test) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked++
    response.setHeader('content-type', 'application/json')
    const endpoints = { authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` }
    response.end(JSON.stringify({ issuer, ...endpoints }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { issuer, asked: () => asked }
}
