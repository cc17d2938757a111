import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { startIdp, Visitor, type Tokens } from './helper.ts'

t.test('gives a refresh token for offline_access that the person has agreed to', async t => {
  const idp = await startIdp(t)
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.type(tokens.refresh_token, 'string')
  t.match(tokens.scope, 'offline_access')
})

const without: [string, Record<string, string>][] = [
  ['without offline_access', { scope: 'openid', prompt: 'consent' }],
  ['without a question to the person', { scope: 'openid offline_access' }],
  ['with offline_access left out of the request', {}]
]
for (const [label, changes] of without) {
  t.test(`gives a client that may have none with the session no refresh token ${label}`, async t => {
    const idp = await startIdp(t)
    await idp.lab.clients.patch('relying-party', { refresh_token_with_session: false })
    const tokens = await idp.tokensFor('alice', idp.relyingParty, changes)
    t.type(tokens.access_token, 'string')
    t.notOk('refresh_token' in tokens)
  })
}

t.test('gives fresh tokens about the same sign-in, and another refresh token each time', async t => {
  const idp = await startIdp(t)
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const response = await idp.refresh(idp.relyingParty, first.refresh_token!)
  t.equal(response.statusCode, 200)
  const second = response.json() as Tokens
  t.not(second.refresh_token, first.refresh_token)
  t.not(second.access_token, first.access_token)
  const { sub, sid, auth_time: authTime } = decodeJwt(first.id_token)
  t.match(decodeJwt(second.id_token), { sub, sid, auth_time: authTime })
  t.equal((await idp.userinfo(second.access_token)).statusCode, 200)
})

t.test('takes the reuse of an old refresh token for theft, and revokes the whole family', async t => {
  const idp = await startIdp(t)
  const first = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const second = (await idp.refresh(idp.relyingParty, first.refresh_token!)).json() as Tokens

  const reuse = await idp.refresh(idp.relyingParty, first.refresh_token!)
  t.equal(reuse.statusCode, 400)
  t.equal(reuse.json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.relyingParty, second.refresh_token!)).json().error, 'invalid_grant', 'the newer refresh token')
  t.equal((await idp.userinfo(second.access_token)).statusCode, 401, 'the newer access token')
})

t.test('of refreshes at the same instant lets at most one succeed', async t => {
  const idp = await startIdp(t)
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const responses = await Promise.all([1, 2, 3].map(() => idp.refresh(idp.relyingParty, refreshToken!)))
  t.ok(responses.filter(({ statusCode }) => statusCode === 200).length <= 1)
})

t.test('refuses the refresh token of another client', async t => {
  const idp = await startIdp(t)
  const { refresh_token: refreshToken } = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  const response = await idp.refresh(idp.genesys, refreshToken!)
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('keeps a refresh token alive when the person signs out, as offline_access says', async t => {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice', idp.relyingParty, idp.offline)
  const { refresh_token: refreshToken } = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.refresh(idp.relyingParty, refreshToken!)).statusCode, 200)
})

/** Somebody who is signed in at the application, and for whom the Messenger's client has got its tokens without a page. */
async function withMessenger (t: Test) {
  const idp = await startIdp(t)
  const visitor = new Visitor(idp)
  await visitor.signIn('alice')
  const codeForMessenger = async () =>
    (await visitor.open(idp.authorizationRequest(idp.genesys, { prompt: 'none' }))).location!.searchParams.get('code')!
  const tokens = (await idp.redeem(idp.genesys, await codeForMessenger())).json() as Tokens
  return { idp, visitor, tokens, codeForMessenger }
}

t.test('gives a client that may have one with the session a refresh token without a page and without offline_access', async t => {
  const { idp, tokens } = await withMessenger(t)
  t.notMatch(tokens.scope, /offline_access/)
  t.equal(tokens.expires_in, 15 * 60)

  const response = await idp.refresh(idp.genesys, tokens.refresh_token!)
  t.equal(response.statusCode, 200)
  const next = response.json() as Tokens
  t.equal(next.expires_in, 15 * 60)
  t.match(decodeJwt(next.id_token), { sub: 'usr-7f3a91c0', given_name: 'Alice', email: 'alice@example.org' })
  t.not(next.refresh_token, tokens.refresh_token)
})

t.test('ends a refresh token that came with the session as soon as the person signs out', async t => {
  const { idp, visitor, tokens } = await withMessenger(t)
  const { refresh_token: rotated } = (await idp.refresh(idp.genesys, tokens.refresh_token!)).json() as Tokens
  await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
  const response = await idp.refresh(idp.genesys, rotated!)
  t.equal(response.statusCode, 400)
  t.equal(response.json().error, 'invalid_grant')
})

t.test('ends no refresh token of a person who signs out in another browser', async t => {
  const { idp, tokens } = await withMessenger(t)
  const other = new Visitor(idp)
  await other.signIn('alice')
  await other.submit(await other.open('/session/end'), {}, 'Sign out')
  t.equal((await idp.refresh(idp.genesys, tokens.refresh_token!)).statusCode, 200)
})

t.test('takes the reuse of a refresh token that came with the session for theft too', async t => {
  const { idp, tokens } = await withMessenger(t)
  const next = (await idp.refresh(idp.genesys, tokens.refresh_token!)).json() as Tokens
  t.equal((await idp.refresh(idp.genesys, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.genesys, next.refresh_token!)).json().error, 'invalid_grant')
})

t.test('gives the application a refresh token with the session, about the same sign-in each time', async t => {
  const idp = await startIdp(t)
  let tokens = await idp.tokensFor('alice')
  t.notMatch(tokens.scope, /offline_access/)
  const { sub, sid, auth_time: authTime } = decodeJwt(tokens.id_token)
  for (const times of ['once', 'twice', 'three times']) {
    const response = await idp.refresh(idp.relyingParty, tokens.refresh_token!)
    t.equal(response.statusCode, 200, times)
    const next = response.json() as Tokens
    t.match(decodeJwt(next.id_token), { sub, sid, auth_time: authTime })
    t.not(next.refresh_token, tokens.refresh_token)
    t.equal((await idp.userinfo(next.access_token)).statusCode, 200)
    tokens = next
  }
})

for (const seconds of [0, 1, 3600]) {
  t.test(`ends all tokens of the application when an old refresh token is used ${seconds} s after its rotation`, async t => {
    const idp = await (await startIdp(t)).realm('blue')
    const first = await idp.tokensFor('alice')
    const second = (await idp.refresh(idp.relyingParty, first.refresh_token!)).json() as Tokens
    if (seconds > 0) await idp.lab.clock.advance(seconds)
    const reuse = await idp.refresh(idp.relyingParty, first.refresh_token!)
    t.equal(reuse.statusCode, 400)
    t.match(reuse.json(), { error: 'invalid_grant', error_description: /theft/ })
    t.equal((await idp.refresh(idp.relyingParty, second.refresh_token!)).json().error, 'invalid_grant')
    t.equal((await idp.userinfo(second.access_token)).statusCode, 401)
  })
}

t.test('ends all tokens of the application when one refresh token comes in several requests at once', async t => {
  const idp = await startIdp(t)
  const first = await idp.tokensFor('alice')
  const responses = await Promise.all([1, 2, 3].map(() => idp.refresh(idp.relyingParty, first.refresh_token!)))
  const [won, lost] = [true, false].map(has => responses.filter(({ statusCode }) => (statusCode === 200) === has))
  t.ok(won!.length <= 1)
  for (const response of lost!) t.match(response.json(), { error: 'invalid_grant' })
  for (const response of won!) {
    const tokens = response.json() as Tokens
    t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
    t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401)
  }
  t.equal((await idp.userinfo(first.access_token)).statusCode, 401)
})

t.test('ends tokens and unused codes of all applications of the session as soon as the person signs out by one', async t => {
  const { idp, visitor, tokens: messenger, codeForMessenger } = await withMessenger(t)
  const { location } = await visitor.open(idp.authorizationRequest(idp.relyingParty))
  const tokens = (await idp.redeem(idp.relyingParty, location!.searchParams.get('code')!)).json() as Tokens
  const code = await codeForMessenger()
  const parameters = {
    id_token_hint: tokens.id_token, state: 'x', post_logout_redirect_uri: idp.relyingParty.post_logout_redirect_uris[0]!
  }
  const page = await visitor.submit(await visitor.open(`/session/end?${new URLSearchParams(parameters)}`), {}, 'Sign out')
  t.equal(page.location?.href, 'http://app.localhost:3000/logout/callback?state=x')
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.refresh(idp.genesys, messenger.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.redeem(idp.genesys, code)).json().error, 'invalid_grant')
  for (const token of [tokens, messenger]) t.equal((await idp.userinfo(token.access_token)).statusCode, 401)
})

t.test('gives nothing more to a user who was disabled, and goes on when they are enabled again', async t => {
  const folder = t.testdir({})
  const first = await startIdp(t, { STATE_DIR: folder })
  const tokens = await first.tokensFor('alice', first.genesys)
  const users = first.config.users
    .filter(({ username }) => username !== 'ivy')
    .map(user => ({ ...user, disabled: user.username === 'alice' }))
  await first.app.close()
  writeFileSync(join(folder, 'users.yaml'), JSON.stringify(users))

  const second = await startIdp(t, { STATE_DIR: folder, USERS_FILE: join(folder, 'users.yaml') })
  const refused = await second.refresh(second.genesys, tokens.refresh_token!)
  t.equal(refused.statusCode, 400)
  t.strictSame(refused.json(), {
    error: 'invalid_grant', error_description: 'the user has been disabled since the refresh token was issued'
  })
  t.equal((await second.userinfo(tokens.access_token)).statusCode, 401)
  await second.app.close()

  const third = await startIdp(t, { STATE_DIR: folder })
  t.equal((await third.refresh(third.genesys, tokens.refresh_token!)).statusCode, 200)
})
