import type { Test } from 'tap'
import type { ControlApiClient } from '../../../services/idp/control-api/control-api-client.ts'
import { Browser, type Page } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerOfAnotherSignIn, answerOfSignIn, isRefusal, isSignedInAs, makeProviderCareless, withParameters } from './helper.ts'

/**
 * Somebody brings it about that the relying party gets an ID token of another sign-in than its own: at a provider that is
 * careless about codes, by injection or replay. The nonce tells.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#NonceNotes
 */
export async function nonceReplay (t: Test, lab: Lab) {
  const client = lab.settings['OIDC_CLIENT_ID']!

  /** Assert that the code was redeemed, for this person, and the ID token refused all the same. */
  async function isRefusedForItsNonce (
    t: Test, idp: ControlApiClient, page: Page, { rule, user, since }: { rule: string, user: string, since: number }
  ) {
    isRefusal(t, page, 'invalid_id_token')
    t.match(page.$('dl').text(), /nonce/)
    const { entries } = await idp.ledger.query({ endpoint: 'token', client_id: client, rule, since })
    t.match(entries, [{ status: 200, username: user }], 'the provider was careless: nothing else than the nonce stood in the way')
  }

  await t.test('a stolen code, at a provider that does not look at the verifier, brings the victim\'s nonce with it', async t => {
    const idp = await makeProviderCareless(t, lab)
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const code = (await answerOfSignIn(victim, 'alice')).searchParams.get('code')!
    const own = await answerOfSignIn(attacker, 'bob')
    const { last: since } = await idp.ledger.query({ limit: 1 })
    const page = await attacker.request(withParameters(own, { code }))
    await isRefusedForItsNonce(t, idp, page, { rule: 'code-verifier-wrong', user: lab.user('alice').username, since })
    await isSignedInAs(t, attacker, undefined)
  })

  await t.test('a used code, at a provider that redeems it again, brings the nonce of the first sign-in', async t => {
    const idp = await makeProviderCareless(t, lab)
    const browser = new Browser(lab)
    const used = await answerOfSignIn(browser, 'alice')
    await browser.open(used.href)
    const next = await answerOfAnotherSignIn(browser)
    const { last: since } = await idp.ledger.query({ limit: 1 })
    const page = await browser.request(withParameters(next, { code: used.searchParams.get('code')! }))
    await isRefusedForItsNonce(t, idp, page, { rule: 'code-replayed', user: lab.user('alice').username, since })
  })
}
