import t from 'tap'
import { rules } from '../../../services/idp/clients/rules.ts'
import type { RuleName } from '../../kit/rule-names.ts'
import { startIdp, type Idp, type Tokens } from '../helper.ts'
import { authorizationMistakes } from './authorization-mistakes.ts'
import { checkTokens, letPass, realmWithClients } from './helper.ts'
import { laterMistakes } from './later-mistakes.ts'
import { tokenMistakes } from './token-mistakes.ts'

const idp = await startIdp(t)
const names = rules.map(({ name }) => name)
const allBut = (rule: string) => names.filter(name => name !== rule)

/** Two clients in a realm of their own: one that is let off a rule alone, and one that is let off all others. */
async function realmFor (rule: string) {
  const { realm, strict, permissive, other } = await realmWithClients(idp)
  const letOff = async ({ client_id: id }: typeof strict, rules: RuleName[]) => await realm.lab.clients.patch(id, { permissive: rules })
  return { realm, alone: await letOff(permissive, [rule as RuleName]), others: await letOff(strict, allBut(rule)), other }
}

for (const { before = [], doing, make, refusal, rule } of [...authorizationMistakes, ...tokenMistakes, ...laterMistakes]) {
  t.test(`a client that ${doing}: let pass where it is let off ${rule} alone, refused where it is let off all other rules`, async t => {
    const { realm, alone, others, other } = await realmFor(rule)
    t.same(await make(realm, others, other), { refusal })

    await realm.lab.ledger.clear()
    await realm.lab.clock.reset()
    const outcome = await make(realm, alone, other)
    t.notOk(outcome.refusal)
    if (outcome.tokens) await checkTokens(t, realm, alone, outcome.tokens)
    t.same((await letPass(realm)).map(violation => violation.rule), [...before, rule])
  })
}

t.test('an access token that nobody issued is let pass where a client is let off access-token-made-up alone, and not for all other rules', async t => {
  const { realm, alone } = await realmFor('access-token-made-up')
  t.equal((await realm.userinfo('made-up')).statusCode, 200)
  await realm.lab.clients.patch(alone.client_id, { permissive: allBut('access-token-made-up') })
  t.equal((await realm.userinfo('made-up')).statusCode, 401)
})

/** Two rules that one request breaks: to be let off one of them is not enough. */
const pairs: [what: string, rules: [RuleName, RuleName], statusOf: (realm: Idp, client: Awaited<ReturnType<typeof realmFor>>['alone'], other: typeof client) => Promise<number>][] = [
  ['an access token that was revoked and has expired since', ['access-token-expired', 'access-token-revoked'], async (realm, client) => {
    const { access_token: token } = await realm.tokensFor('alice', client)
    await realm.post('/token/revocation', client, { token })
    await realm.lab.clock.advance(1_200)
    return (await realm.userinfo(token)).statusCode
  }],
  ['the code of another client, a second time', ['code-of-another-client', 'code-replayed'], async (realm, client, other) => {
    const code = await realm.codeFor('alice', other)
    const redeem = async () => (await realm.redeem(client, code, { redirect_uri: other.redirect_uris[0] })).statusCode
    await redeem()
    return await redeem()
  }],
  ['the code of another client, which has redeemed it', ['code-of-another-client', 'code-replayed'], async (realm, client, other) => {
    const code = await realm.codeFor('alice', other)
    await realm.redeem(other, code)
    return (await realm.redeem(client, code, { redirect_uri: other.redirect_uris[0] })).statusCode
  }],
  ['the refresh token of another client, a second time', ['refresh-token-of-another-client', 'refresh-token-reused'], async (realm, client, other) => {
    const { refresh_token: token } = await realm.tokensFor('alice', other)
    await realm.refresh(client, token!)
    return (await realm.refresh(client, token!)).statusCode
  }],
  ['no client authentication and no code_verifier', ['client-authentication-missing', 'code-verifier-missing'], async (realm, client) => {
    const code = await realm.codeFor('alice', client)
    return (await realm.redeem({ ...client, token_endpoint_auth_method: 'none' }, code, { code_verifier: undefined, client_id: client.client_id })).statusCode
  }]
]

for (const [what, pair, statusOf] of pairs) {
  t.test(`${what}: let pass where a client is let off ${pair.join(' and ')}, and not for one of them`, async t => {
    const { realm, alone, other } = await realmFor(pair[0])
    const statusFor = async (permissive: RuleName[]) => {
      await realm.lab.clock.reset()
      return await statusOf(realm, await realm.lab.clients.patch(alone.client_id, { permissive }), other)
    }
    for (const rule of pair) t.match(await statusFor([rule]), /^40[01]$/, rule)
    await realm.lab.ledger.clear()
    t.equal(await statusFor(pair), 200)
    t.same(new Set((await letPass(realm)).map(violation => violation.rule)), new Set(pair))
  })
}

t.test('the code of another client that has redeemed it is refused without code-replayed, and nothing else comes of that', async t => {
  const { realm, alone, other } = await realmFor('code-of-another-client')
  const code = await realm.codeFor('alice', other)
  const theirs: Tokens = (await realm.redeem(other, code)).json()
  t.equal((await realm.redeem(alone, code, { redirect_uri: other.redirect_uris[0] })).statusCode, 400)
  t.same(await letPass(realm), [])
  await checkTokens(t, realm, other, theirs)
})

t.test('of several requests at once with the code of another client, one at most is let pass without code-replayed', async t => {
  const { realm, alone, other } = await realmFor('code-of-another-client')
  const code = await realm.codeFor('alice', other)
  const answers = await Promise.all(Array.from({ length: 5 }, () => realm.redeem(alone, code, { redirect_uri: other.redirect_uris[0] })))
  t.ok(answers.filter(({ statusCode }) => statusCode === 200).length <= 1)
})

t.test('an empty list is as false, and each rule says which clients are let off it', async t => {
  const { realm, strict, permissive } = await realmWithClients(idp)
  await realm.lab.clients.patch(strict.client_id, { permissive: ['code-replayed', 'pkce-plain'] })
  const listed = async () => {
    const { clients, rules } = await realm.lab.permissive()
    return { clients, ...Object.fromEntries(rules.map(({ name, clients }) => [name, clients])) }
  }
  t.match(await listed(), { clients: ['strict', 'permissive'], 'code-replayed': ['strict', 'permissive'], 'code-expired': ['permissive'] })
  await realm.lab.clients.patch(permissive.client_id, { permissive: [] })
  t.match(await listed(), { clients: ['strict'], 'code-replayed': ['strict'], 'code-expired': [] })
  t.equal((await realm.redeem(permissive, await realm.codeFor('alice', permissive), { code_verifier: undefined })).statusCode, 400)
})
