import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'
import { AccessTokens } from '../../services/relying-party/access-tokens.ts'
import { SignInError } from '../../services/relying-party/errors.ts'
import type { SignIn, Tokens } from '../../services/relying-party/oidc/provider.ts'
import type { IdentityProviders } from '../../services/relying-party/oidc/providers.ts'
import { Sessions } from '../../services/relying-party/sessions.ts'

const issuer = 'https://login.example'
const spent: Tokens = { accessToken: 'a1', expiresAt: 0, refreshToken: 'r1', idToken: 'i1' }
const signIn: SignIn = { issuer, user: { sub: 'alice' }, sid: 's1', tokens: spent }

function open (t: Test) {
  const store = openStore(':memory:')
  t.teardown(() => store.close())
  return { store, sessions: new Sessions(store, { lifetime: 3600, idleLifetime: 3600 }) }
}

t.test('a provider that ends its session while a sign-in by it is on its way ends that sign-in too', async t => {
  const { sessions } = open(t)
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
  const { sessions } = open(t)
  const first = await sessions.start(signIn, 'a browser')
  await sessions.endByProvider(issuer, { sid: 's1' })
  t.notOk(await sessions.use(first.id))
  t.ok(await sessions.use((await sessions.start(signIn, 'a browser')).id))
})

/** A refresh during which some time passes, and then something else happens. */
async function refreshFor (t: Test, seconds: number, meanwhile: (add: (owner: string) => Promise<boolean>) => Promise<void>) {
  const { store, sessions } = open(t)
  const session = await sessions.start(signIn, 'a browser')
  const locks = store.collection<string>('refresh-locks')
  const system = Date.now
  t.teardown(() => { Date.now = system })
  const provider = {
    timeout: 10,
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

t.test('while a provider takes the time it is given for its tokens and then for its keys, no other process refreshes', async t => {
  const left = await refreshFor(t, 19, async add => { t.equal(await add('another process'), false) })
  t.equal(left, undefined, 'after that others may')
})

t.test('a process that was stopped for longer than that does not let others in where another one refreshes by now', async t => {
  const left = await refreshFor(t, 120, async add => { t.equal(await add('another process'), true) })
  t.equal(left, 'another process')
})

t.test('a provider that wants to see the person ends the session, and one that does not take our credentials does not', async t => {
  for (const [error, ends] of [['interaction_required', true], ['invalid_grant', true], ['invalid_client', false]] as const) {
    const { store, sessions } = open(t)
    const session = await sessions.start(signIn, 'a browser')
    const provider = { timeout: 10, refresh: () => Promise.reject(new SignInError(error)) }
    const providers = { of: () => provider } as unknown as IdentityProviders
    const thrown = await new AccessTokens(store, { providers, sessions }).of(session).catch(error => error as SignInError)
    t.match(thrown, { error: ends ? 'session_ended' : error })
    t.equal(await sessions.isThere(session.id), !ends, error)
  }
})
