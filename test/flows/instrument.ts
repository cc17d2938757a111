import { decodeProtectedHeader } from 'jose'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** The identity provider as an instrument: what it does wrong on purpose, and what it tells of. */
export async function instrument (t: Test, lab: Lab) {
  const idp = createControlApiClient(lab.issuer)
  const api = new GenesysApi(lab)
  const relyingParty = lab.settings['OIDC_CLIENT_ID']!
  const genesys = lab.settings['GENESYS_CLIENT_ID']!
  // Other flows run against the same lab.
  t.teardown(async () => {
    await idp.faults.reset()
    await idp.users.reset()
    await idp.keys.reset()
    await idp.clock.reset()
  })

  await t.test('a fault for one person is none for another', async t => {
    await idp.faults.switchOn('id-token-alg-none', { client_id: relyingParty, username: 'alice' })
    const [alice, bob] = [new Browser(lab), new Browser(lab)]
    await bob.signIn('bob')
    t.equal((await bob.session()).authenticated, true)
    await alice.signIn('alice')
    t.equal((await alice.session()).authenticated, false)
    await idp.faults.reset()
  })

  await t.test('the ledger tells a sign-in from the first request to the last', async t => {
    const { last } = await idp.ledger.query({ order: 'desc', limit: 1 })
    const browser = new Browser(lab)
    await browser.signIn('bob')
    const { entries: [first] } = await idp.ledger.wait({ endpoint: 'token', client_id: relyingParty, username: 'bob', since: last })
    const { entries } = await idp.ledger.query({ flow: first!.flow! })
    const steps = entries.map(({ from, endpoint, status }) => `${from} ${endpoint} ${status}`)
    t.match(steps.join('\n'), new RegExp([
      'browser authorization 303', 'browser interaction 200', 'browser sign_in 303',
      'browser resume 303', `${relyingParty} token 200`
    ].join('\n')))
    const token = entries.find(({ endpoint }) => endpoint === 'token')!
    t.match(token.parameters['code'], /^.{6}….*\d/, 'secrets are shortened')
    const [shown] = (await idp.ledger.query({ flow: first!.flow!, endpoint: 'token', secrets: 'show' })).entries
    const location = entries.find(({ endpoint }) => endpoint === 'resume')!
    t.ok(String(shown!.parameters['code']).length > 20)
    t.ok(
      String(location.answer['code']).startsWith(String(shown!.parameters['code']).slice(0, 6)),
      'the code that was redeemed is the one that was issued'
    )
    const { count } = await idp.ledger.query({ endpoint: 'token', flow: first!.flow! })
    t.equal(count, 1, 'the token endpoint was called once')
  })

  await t.test('what Genesys refuses, the page sees in a word and the lab explains', async t => {
    async function exchange () {
      const browser = new Browser(lab)
      await browser.signIn('bob')
      return await api.exchange(api.exchangeBody((await browser.authCode()).json() as Handover))
    }
    await idp.faults.switchOn('id-token-invalid-signature', { client_id: genesys, count: 1 })
    const { status, body } = await exchange()
    t.equal(status, 401)
    t.match(await api.explain(body.contextId), { contextId: body.contextId, outcome: 'refused' })
    t.equal((await exchange()).status, 200)
  })

  await t.test('people sign in after the keys were rotated, and their next sign-in is signed with yet another key', async t => {
    const former = (await idp.keys.list()).map(({ kid }) => kid)
    const { kid } = await idp.keys.rotate()
    t.notOk(former.includes(kid))
    // openid-client asks for the keys at most once a minute.
    await idp.clock.set(61)
    const browser = new Browser(lab)
    await browser.signIn('bob')
    t.equal((await browser.session()).authenticated, true)
    const { entries: [last] } = await idp.ledger.query({
      endpoint: 'token', client_id: relyingParty, username: 'bob', order: 'desc', limit: 1, secrets: 'show'
    })
    t.equal(decodeProtectedHeader(String(last!.answer['id_token'])).kid, kid)
    await idp.faults.switchOn('jwks-rotated-before-signing', { client_id: relyingParty, count: 1 })
    await idp.clock.set(122)
    const another = new Browser(lab)
    await another.signIn('bob')
    t.equal((await another.session()).authenticated, true)
    t.strictSame(await idp.faults.active(), [], 'the key was changed between the code and the token')
    await idp.clock.reset()
  })

  await t.test('somebody who was added a moment ago signs in, and cannot any more when they are disabled', async t => {
    await idp.users.put('visitor', { claims: { name: 'Vera Visitor', email: 'vera@example.org' }, sign_in_by_hint: true })
    const browser = new Browser(lab)
    const page = await browser.submit(await browser.openSignIn(), { username: 'visitor', password: 'visitor-lab' })
    t.equal(page.status, 200)
    t.match(await browser.session(), { authenticated: true, user: { name: 'Vera Visitor' } })
    await idp.users.disable('visitor')
    const again = new Browser(lab)
    const refused = await again.submit(await again.openSignIn(), { username: 'visitor', password: 'visitor-lab' })
    t.equal(refused.status, 422)
  })
}
