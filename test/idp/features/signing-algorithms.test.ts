import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import t from 'tap'
import { startIdp, Visitor } from '../helper.ts'
import { discover, registerShop } from './helper.ts'

t.test('signs with RS256 where a client says nothing, and has no other key', async t => {
  const idp = await startIdp(t)
  const { id_token: idToken } = await idp.tokensFor('alice', await registerShop(idp))
  t.equal(decodeProtectedHeader(idToken).alg, 'RS256')
  t.same((await idp.app.inject('/jwks')).json().keys.map((key: { alg: string }) => key.alg), ['RS256'])
})

for (const [alg, type] of [['ES256', 'EC'], ['PS256', 'RSA'], ['EdDSA', 'OKP']] as const) {
  t.test(`signs with ${alg} for a client that is registered so, with a key made for it`, async t => {
    const idp = await startIdp(t)
    const shop = await registerShop(idp, { id_token_signed_response_alg: alg })
    const tokens = await idp.tokensFor('alice', shop, idp.offline)
    const { keys } = (await idp.app.inject('/jwks')).json()
    t.match(keys, [{ alg: 'RS256' }, { alg, kty: type, use: 'sig' }])
    const expected = { audience: 'shop', issuer: idp.config.issuer }
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token, createLocalJWKSet({ keys }), expected)
    t.match([protectedHeader.alg, protectedHeader.kid, payload.sub], [alg, keys[1].kid, 'usr-7f3a91c0'])
    t.same((await discover(idp))['id_token_signing_alg_values_supported'], ['RS256', alg])

    const refreshed = (await idp.refresh(shop, tokens.refresh_token!)).json()
    t.equal(decodeProtectedHeader(refreshed.id_token).alg, alg, 'the refreshed one too')
    t.equal(decodeProtectedHeader((await idp.tokensFor('alice')).id_token).alg, 'RS256', 'other clients stay with theirs')
  })
}

t.test('takes the ID token as a hint at a sign-out, whatever it is signed with', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { id_token_signed_response_alg: 'EdDSA' })
  const visitor = new Visitor(idp)
  const { location } = await visitor.signIn('alice', shop)
  const { id_token: hint } = (await idp.redeem(shop, location!.searchParams.get('code')!)).json()
  const url = `/session/end?${new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: 'http://shop.localhost/' })}`
  const done = await visitor.submit(await visitor.open(url), {}, 'Sign out')
  t.equal(done.location?.href, 'http://shop.localhost/')
})

t.test('signs with the new key of an algorithm after a rotation, and leaves the others alone', async t => {
  const idp = await startIdp(t)
  const shop = await registerShop(idp, { id_token_signed_response_alg: 'ES256' })
  const kidOf = async (client = idp.relyingParty) => decodeProtectedHeader((await idp.tokensFor('alice', client)).id_token).kid
  const [before, others] = [await kidOf(shop), await kidOf()]
  const { kid } = await idp.lab.keys.rotate('ES256')
  t.not(kid, before)
  t.equal(await kidOf(shop), kid)
  t.equal(await kidOf(), others)
})
