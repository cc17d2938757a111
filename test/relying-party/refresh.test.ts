import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { buildAlone, buildWithIdp } from './helper.ts'

const accessTokenLifetime = 15 * 60

/** How many refreshes the provider has answered, and what it said. */
async function refreshesAt (idp: Awaited<ReturnType<typeof buildWithIdp>>['idp']) {
  const { entries } = await idp.lab.ledger.query({ endpoint: 'token' })
  return entries.filter(({ parameters }) => parameters['grant_type'] === 'refresh_token').map(({ status }) => status)
}

/** What somebody who can read the store would find. */
function refreshTokenIn (stateFolder: string): string {
  const database = new DatabaseSync(join(stateFolder, 'relying-party.sqlite'), { readOnly: true })
  const { value } = database.prepare("SELECT value FROM entry WHERE collection = 'tokens'").get() as { value: string }
  database.close()
  return (JSON.parse(value) as { refreshToken: string }).refreshToken
}

/** Two processes of the relying party on one store, with alice signed in at both by the same cookie. */
async function buildTwo (t: Test) {
  const settings = { STATE_DIR: t.testdir({}) }
  const first = await buildWithIdp(t, settings)
  const second = await buildAlone(t, {
    ...settings,
    IDP_PORT: String(first.idp.config.port),
    APP_PORT: String(first.config.port)
  })
  const visitor = first.tab()
  await visitor.signIn(first.idp, 'alice')
  const cookie = await visitor.jar.getCookieString(first.config.app)
  const profileAt = ({ tab }: Pick<typeof first, 'tab'>) => tab().get('/api/profile', { cookie, accept: 'application/json' })
  return { idp: first.idp, first, second, profileAt, visitor, cookie }
}

t.test('of two processes on one store one refreshes, and the other uses what came of it', async t => {
  const { idp, first, second, profileAt } = await buildTwo(t)
  await idp.lab.clock.set(accessTokenLifetime)
  t.teardown(() => idp.lab.clock.reset())
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => profileAt(index % 2 === 0 ? first : second)))
  t.same(answers.map(({ status }) => status), answers.map(() => 200))
  t.same(await refreshesAt(idp), [200])
})

t.test('a refresh token that was stolen and used ends the session of both', async t => {
  const { idp, first, second, profileAt, visitor, cookie } = await buildTwo(t)
  await idp.lab.clock.set(accessTokenLifetime)
  t.teardown(() => idp.lab.clock.reset())
  const { clientId, authentication } = first.config.oidc
  const secret = authentication.method === 'private_key_jwt' ? '' : authentication.secret
  const theft = await idp.app.inject({
    method: 'POST',
    url: '/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
    },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshTokenIn(first.config.stateFolder) }).toString()
  })
  t.equal(theft.statusCode, 200, 'the thief is quicker')

  t.equal((await profileAt(first)).status, 401, 'the provider sees that it is used twice')
  t.equal((await profileAt(second)).status, 401)
  t.same((await visitor.get('/session', { cookie })).json(), { authenticated: false, ended: { reason: 'refused_by_provider' } })
})
