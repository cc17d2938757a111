import type { Test } from 'tap'
import { Browser } from '../../helpers/browser.ts'
import { GenesysApi, type Handover } from '../../helpers/genesys-api.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerForMessenger, answerOfAnotherSignIn, answerOfSignIn, isRefusal, isSignedInAs, withParameters } from './helper.ts'

/**
 * Somebody has got hold of a code of the victim's that was not redeemed yet, and puts it into the answer to a request of
 * their own.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.5
 */
export async function codeInjection (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  await t.test('a stolen code is worth nothing in the attacker\'s browser, which has not its PKCE verifier', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const code = (await answerOfSignIn(victim, 'alice')).searchParams.get('code')!
    const own = await answerOfSignIn(attacker, 'bob')
    isRefusal(t, await attacker.request(withParameters(own, { code })), 'invalid_grant')
    await isSignedInAs(t, attacker, undefined)
  })

  await t.test('nor has it the verifier of another attempt in the same browser', async t => {
    const browser = new Browser(lab)
    const [first, second] = [await answerOfSignIn(browser, 'alice'), await answerOfAnotherSignIn(browser)]
    isRefusal(t, await browser.request(withParameters(first, { code: second.searchParams.get('code')! })), 'invalid_grant')
    await isSignedInAs(t, browser, undefined)
  })

  await t.test('a stolen code and its state are worth nothing without the cookie of the victim\'s browser', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const stolen = await answerOfSignIn(victim, 'alice')
    await answerOfSignIn(attacker, 'bob')
    isRefusal(t, await attacker.request(stolen.href), 'state_unknown')
    await isSignedInAs(t, attacker, undefined)
    await victim.open(stolen.href)
    await isSignedInAs(t, victim, 'Alice Anders', 'the victim has not noticed')
  })

  await t.test('a code that was meant for the Messenger signs nobody in', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await victim.signIn('alice')
    const handover = (await victim.authCode()).json() as Handover
    const own = await answerOfSignIn(attacker, 'bob')
    isRefusal(t, await attacker.request(withParameters(own, { code: handover.authCode })), 'invalid_grant')
    await isSignedInAs(t, attacker, undefined)
    t.equal((await api.exchange(api.exchangeBody(handover))).status, 200, 'it was good where it belonged')
  })

  await t.test('a stolen code in the attacker\'s Messenger has the attacker not chat as the victim', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await victim.signIn('alice')
    await victim.authCode()
    const code = (await answerForMessenger(victim)).searchParams.get('code')!
    await attacker.signIn('bob')
    await attacker.authCode()
    await attacker.open(withParameters(await answerForMessenger(attacker), { code }))

    const handover = (await attacker.authCode()).json() as Handover
    t.equal(handover.authCode, code, 'the relying party cannot look into it')
    const { status } = await api.exchange(api.exchangeBody(handover))
    t.equal(Math.floor(status / 100), 4, 'but it comes with the attacker\'s verifier, so Genesys gets nothing for it')
  })
}
