import { decodeJwt } from 'jose'
import t from 'tap'
import { refusalOf, startIdp, type Idp, type Tokens } from '../helper.ts'
import { registerShop } from './helper.ts'

const idp = await startIdp(t)
const days = 24 * 60 * 60

const idTokenSeconds = ({ id_token: token }: Tokens) => decodeJwt(token).exp! - decodeJwt(token).iat!

/** Somebody's tokens for a client that may use them without the person. */
const offlineTokens = (realm: Idp, client = realm.relyingParty) => realm.tokensFor('alice', client, realm.offline)

t.test('tokens last as long as the realm says, and as long as a client says of its own', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ token_lifetimes: { access_token: 120, id_token: 90 } })
  const shop = await registerShop(realm, { token_lifetimes: { access_token: 30 } })

  const ofRealm = await realm.tokensFor('alice')
  t.equal(ofRealm.expires_in, 120)
  t.equal(idTokenSeconds(ofRealm), 90)
  const ofShop = await realm.tokensFor('alice', shop)
  t.equal(ofShop.expires_in, 30)
  t.equal(idTokenSeconds(ofShop), 90, 'as the realm says where the client says nothing')

  await realm.lab.clock.advance(31)
  t.equal((await realm.userinfo(ofShop.access_token)).statusCode, 401)
  t.equal((await realm.userinfo(ofRealm.access_token)).statusCode, 200)
  t.equal((await idp.tokensFor('alice')).expires_in, 15 * 60, 'other realms have theirs')
})

t.test('a lifetime is in force for what is issued from then on, by refresh too, and put back with the settings', async t => {
  const realm = await idp.newRealm()
  const before = await offlineTokens(realm)
  await realm.lab.clients.patch('relying-party', { token_lifetimes: { access_token: 30, id_token: 40 } })
  const refreshed = (await realm.refresh(realm.relyingParty, before.refresh_token!)).json() as Tokens
  t.equal(refreshed.expires_in, 30)
  t.equal(idTokenSeconds(refreshed), 40)
  await realm.lab.clock.advance(31)
  t.equal((await realm.userinfo(before.access_token)).statusCode, 200, 'what was issued before lasts as it did')
  t.equal((await realm.userinfo(refreshed.access_token)).statusCode, 401)
  await realm.lab.clients.reset()
  t.equal((await realm.tokensFor('alice')).expires_in, 15 * 60)
})

t.test('a code is refused after its lifetime', async t => {
  const realm = await idp.newRealm()
  await realm.lab.settings.patch({ token_lifetimes: { code: 10 } })
  const [soon, late] = [await realm.codeFor('alice'), await realm.codeFor('alice')]
  t.equal((await realm.redeem(realm.relyingParty, soon)).statusCode, 200)
  await realm.lab.clock.advance(11)
  t.match((await realm.redeem(realm.relyingParty, late)).json(), { error: 'invalid_grant', error_description: /expired/ })
})

t.test('a refresh token lasts as long as it is told to, a moment or a season', async t => {
  const realm = await idp.newRealm()
  const shop = await registerShop(realm, { token_lifetimes: { refresh_token: 20 } })
  await realm.lab.settings.patch({ token_lifetimes: { refresh_token: 90 * days } })
  const [short, long] = [await offlineTokens(realm, shop), await offlineTokens(realm)]
  await realm.lab.clock.advance(21)
  t.match((await realm.refresh(shop, short.refresh_token!)).json(), { error: 'invalid_grant' })
  await realm.lab.clock.advance(80 * days)
  t.equal((await realm.refresh(realm.relyingParty, long.refresh_token!)).statusCode, 200)
})

const mistakes: [string, Record<string, unknown>, RegExp][] = [
  ['no time at all', { access_token: 0 }, /token_lifetimes.*access_token/],
  ['a part of a second', { id_token: 1.5 }, /token_lifetimes.*id_token/],
  ['words', { code: 'a minute' }, /token_lifetimes.*code/],
  ['what nobody lives to see', { refresh_token: 1e9 }, /token_lifetimes.*refresh_token/],
  ['a slip of the hand', { acces_token: 60 }, /acces_token.*did you mean access_token/]
]
for (const [label, lifetimes, words] of mistakes) {
  t.test(`a lifetime of ${label} is refused in one sentence, of a client and of a realm`, async t => {
    const { lab } = await idp.newRealm()
    const mistaken = { token_lifetimes: lifetimes }
    t.match(await refusalOf(lab.settings.patch(mistaken)), { status: 400, description: words })
    t.match(await refusalOf(lab.clients.patch('relying-party', mistaken)), { status: 400, description: words })
    t.strictSame((await lab.settings.get()).token_lifetimes, {})
  })
}
