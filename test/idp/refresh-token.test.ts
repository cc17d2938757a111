import { decodeJwt } from 'jose'
import t from 'tap'
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
  t.test(`gives no refresh token ${label}`, async t => {
    const idp = await startIdp(t)
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
  const { left } = await visitor.signIn('alice', idp.relyingParty, idp.offline)
  const { refresh_token: refreshToken } = (await idp.redeem(idp.relyingParty, left!.searchParams.get('code')!)).json() as Tokens
  await visitor.submit(await visitor.open('/session/end'), 'Sign out')
  t.equal((await idp.refresh(idp.relyingParty, refreshToken!)).statusCode, 200)
})
