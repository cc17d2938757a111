import { calculateJwkThumbprint } from 'jose'
import t from 'tap'
import type { RegisteredClient } from '../../../services/idp/clients.ts'
import { codeVerifier, startIdp, type Idp } from '../helper.ts'
import { credentialsOf, discover, makeClientKey, postForm, proofFor, registerShop } from './helper.ts'

async function redeem (idp: Idp, shop: RegisteredClient, proof?: string, changes: Record<string, string> = {}) {
  const code = await idp.codeFor('alice', shop, { ...changes })
  return await postForm(idp, '/token', {
    ...credentialsOf(shop),
    grant_type: 'authorization_code',
    code,
    redirect_uri: shop.redirect_uris[0]!,
    code_verifier: codeVerifier
  }, proof === undefined ? {} : { dpop: proof })
}

const userinfo = (idp: Idp, authorization: string, proof?: string) =>
  idp.app.inject({ url: `${idp.base}/me`, headers: { authorization, ...(proof !== undefined && { dpop: proof }) } })

t.test('gives a client that does not use it a Bearer token, whatever it proves', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp)
  const key = await makeClientKey()
  for (const proof of [await proofFor(idp, key, 'POST', '/token'), 'garbage']) {
    const response = await redeem(idp, shop, proof)
    t.match([response.statusCode, response.json().token_type], [200, 'Bearer'])
    t.equal((await userinfo(idp, `Bearer ${response.json().access_token}`)).statusCode, 200)
  }
  const bound = await redeem(idp, shop, undefined, { dpop_jkt: await calculateJwkThumbprint(key.jwk) })
  t.equal(bound.json().token_type, 'Bearer', 'nor is its code bound')
})

t.test('binds the token of a client that may use it to the key of its proof', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { dpop: 'allowed' })
  const key = await makeClientKey()
  const { access_token: token, token_type: type } = (await redeem(idp, shop, await proofFor(idp, key, 'POST', '/token'))).json()
  t.equal(type, 'DPoP')
  const proof = (changes = {}) => proofFor(idp, key, 'GET', '/me', { accessToken: token, ...changes })
  t.equal((await userinfo(idp, `DPoP ${token}`, await proof())).json().sub, 'usr-7f3a91c0')

  t.equal((await userinfo(idp, `Bearer ${token}`)).statusCode, 401, 'not as a Bearer token')
  t.equal(
    (await userinfo(idp, `DPoP ${token}`, await proof({ accessToken: 'another' }))).statusCode,
    401,
    'not with the proof of another token'
  )
  t.equal(
    (await userinfo(idp, `DPoP ${token}`, await proof({ claims: { htm: 'POST' } }))).statusCode,
    401,
    'not with that of another request'
  )
  const stranger = await proofFor(idp, await makeClientKey(), 'GET', '/me', { accessToken: token })
  t.equal((await userinfo(idp, `DPoP ${token}`, stranger)).statusCode, 401, 'not with another key')

  const introspected = await postForm(idp, '/token/introspection', { ...credentialsOf(shop), token })
  t.same(introspected.json().cnf, { jkt: await calculateJwkThumbprint(key.jwk) })
  t.equal((await redeem(idp, shop)).json().token_type, 'Bearer', 'and without a proof it is a Bearer token')
})

t.test('demands a proof of a client that has to use it', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { dpop: 'required' })
  const response = await redeem(idp, shop)
  t.equal(response.statusCode, 400)
  t.match(response.json(), { error: 'invalid_grant' })
  t.equal((await redeem(idp, shop, await proofFor(idp, await makeClientKey(), 'POST', '/token'))).json().token_type, 'DPoP')
})

t.test('takes a proof once, also when it comes several times in one moment', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { dpop: 'required' })
  const proof = await proofFor(idp, await makeClientKey(), 'POST', '/token')
  const statuses = (await Promise.all([1, 2, 3].map(() => redeem(idp, shop, proof)))).map(({ statusCode }) => statusCode)
  t.same(statuses.sort(), [200, 400, 400])
})

t.test('gives the tokens of a code that was bound to a key to that key alone', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { dpop: 'allowed' })
  const key = await makeClientKey()
  const bound = { dpop_jkt: await calculateJwkThumbprint(key.jwk) }
  t.equal((await redeem(idp, shop, undefined, bound)).json().error, 'invalid_grant')
  t.equal(
    (await redeem(idp, shop, await proofFor(idp, await makeClientKey(), 'POST', '/token'), bound)).json().error,
    'invalid_grant'
  )
  t.equal((await redeem(idp, shop, await proofFor(idp, key, 'POST', '/token'), bound)).json().token_type, 'DPoP')
})

t.test('announces it as soon as a client uses it', async t => {
  const idp = await startIdp(t)
  t.notOk('dpop_signing_alg_values_supported' in await discover(idp))
  await registerShop(idp, { dpop: 'allowed' })
  t.same((await discover(idp))['dpop_signing_alg_values_supported'], ['RS256', 'ES256', 'PS256', 'EdDSA'])
})
