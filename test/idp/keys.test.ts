import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { openCookieKeys } from '../../services/idp/keys.ts'
import { startIdp, Visitor, type Idp, type Tokens } from './helper.ts'

const keyIdOf = async ({ app }: Idp) => (await app.inject('/jwks')).json().keys[0].kid as string

async function startTwice (t: Test, whileUp: (idp: Idp) => Promise<void>) {
  const stateFolder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: stateFolder })
  await whileUp(first)
  await first.app.close()
  return startIdp(t, { STATE_DIR: stateFolder })
}

t.test('signs with the same key after a restart, so that old ID tokens stay good', async t => {
  let idToken = ''
  const restarted = await startTwice(t, async idp => { idToken = (await idp.tokensFor('alice')).id_token })
  const jwks = createLocalJWKSet((await restarted.app.inject('/jwks')).json())
  await t.resolves(jwtVerify(idToken, jwks))
})

t.test('still knows who is signed in after a restart', async t => {
  let jar: Visitor['jar'] | undefined
  const restarted = await startTwice(t, async idp => {
    const visitor = new Visitor(idp)
    await visitor.signIn('alice')
    jar = visitor.jar
  })
  t.equal(await new Visitor(restarted, jar).isKnown(), true)
})

t.test('goes on after a restart with a sign-in that was under way', async t => {
  let visitor: Visitor | undefined
  let url = ''
  const restarted = await startTwice(t, async idp => {
    visitor = new Visitor(idp)
    url = (await visitor.open(idp.authorizationRequest(idp.relyingParty))).url
  })
  const after = new Visitor(restarted, visitor!.jar)
  const { location } = await after.submit(await after.open(url), {}, 'Sign in as Alice')
  t.ok(location?.searchParams.has('code'))
})

t.test('honours a code, an access token and a refresh token from before a restart', async t => {
  let code = ''
  let tokens: Tokens | undefined
  const restarted = await startTwice(t, async idp => {
    code = await idp.codeFor('bob')
    tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  })
  t.equal((await restarted.redeem(restarted.relyingParty, code)).statusCode, 200)
  t.equal((await restarted.userinfo(tokens!.access_token)).statusCode, 200)
  t.equal((await restarted.refresh(restarted.relyingParty, tokens!.refresh_token!)).statusCode, 200)
})

t.test('makes keys of its own for every state folder', async t => {
  const folder = t.testdir({ one: {}, other: {} })
  const [one, other] = [
    await startIdp(t, { STATE_DIR: join(folder, 'one') }),
    await startIdp(t, { STATE_DIR: join(folder, 'other') })
  ]
  t.not(await keyIdOf(one), await keyIdOf(other))
  const cookieKeys = await Promise.all([one, other].map(idp => openCookieKeys(idp.config.stateFolder)))
  t.notSame(cookieKeys[0], cookieKeys[1])
})

t.test('refuses a session cookie that somebody has changed', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const signature = (await visitor.jar.getCookies(idp.config.issuer)).find(({ key }) => key === '_session.sig')!
  signature.value = 'A'.repeat(signature.value.length)
  await visitor.jar.setCookie(signature, idp.config.issuer)
  t.equal(await visitor.isKnown(), false)
})

t.test('lets nobody but its own user read its keys', async t => {
  const { config } = await startIdp(t)
  for (const file of ['signing-keys.json', 'cookie-keys.json']) {
    t.equal(statSync(join(config.stateFolder, file)).mode & 0o777, 0o600, file)
  }
})
