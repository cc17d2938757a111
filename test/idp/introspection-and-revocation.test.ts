import t from 'tap'
import { startIdp, type Idp } from './helper.ts'

const introspect = async (idp: Idp, client: Idp['relyingParty'], token: string) =>
  (await idp.post('/token/introspection', client, { token })).json() as Record<string, unknown>

t.test('tells a client about its own tokens', async t => {
  const idp = await startIdp(t)
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!]) {
    t.match(await introspect(idp, idp.relyingParty, token), {
      active: true, client_id: 'relying-party', sub: 'usr-7f3a91c0', iss: idp.config.issuer, scope: /openid/, exp: Number
    })
  }
})

t.test('tells nothing about the tokens of another client, nor about what is no token', async t => {
  const idp = await startIdp(t)
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!, 'garbage']) {
    t.same(await introspect(idp, idp.genesys, token), { active: false })
  }
})

t.test('ends a token that its client revokes, and what came with it', async t => {
  const idp = await startIdp(t)
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  t.equal((await idp.post('/token/revocation', idp.relyingParty, { token: tokens.refresh_token! })).statusCode, 200)
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).json().error, 'invalid_grant')
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 401)
  t.same(await introspect(idp, idp.relyingParty, tokens.access_token), { active: false })
})

t.test('lets no client revoke the token of another, and does not say so', async t => {
  const idp = await startIdp(t)
  const tokens = await idp.tokensFor('alice', idp.relyingParty, idp.offline)
  for (const token of [tokens.access_token, tokens.refresh_token!]) {
    t.equal((await idp.post('/token/revocation', idp.genesys, { token })).statusCode, 200)
  }
  t.equal((await idp.userinfo(tokens.access_token)).statusCode, 200)
  t.equal((await idp.refresh(idp.relyingParty, tokens.refresh_token!)).statusCode, 200)
})

t.test('answers the revocation of what is no token as any other', async t => {
  const idp = await startIdp(t)
  t.equal((await idp.post('/token/revocation', idp.relyingParty, { token: 'garbage' })).statusCode, 200)
})

for (const path of ['/token/introspection', '/token/revocation']) {
  t.test(`answers at ${path} only to a client that authenticates`, async t => {
    const idp = await startIdp(t)
    const { access_token: token } = await idp.tokensFor('alice')
    const wrong = await idp.post(path, { ...idp.relyingParty, client_secret: 'not-the-secret-of-anybody' }, { token })
    t.equal(wrong.statusCode, 401)
    t.equal(wrong.json().error, 'invalid_client')
    t.equal((await idp.post(path, undefined, { token })).statusCode, 400)
    t.equal((await idp.userinfo(token)).statusCode, 200, 'the token still works')
  })
}
