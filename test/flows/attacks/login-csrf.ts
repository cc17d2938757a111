import type { Test } from 'tap'
import { Browser, type Page } from '../../helpers/browser.ts'
import type { Handover } from '../../helpers/genesys-api.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerForMessenger, answerOfSignIn, isRefusal, isSignedInAs } from './helper.ts'

/**
 * Somebody signs others in to their own account, to see what they enter there: by a link to the callback with a code of
 * their own.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
export async function loginCsrf (t: Test, lab: Lab) {
  await t.test('a link to the callback with the attacker\'s code signs in the attacker, and nobody else', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const link = await answerOfSignIn(attacker, 'bob')
    isRefusal(t, await victim.request(link.href), 'state_unknown')
    await isSignedInAs(t, victim, undefined)
    await attacker.open(link.href)
    await isSignedInAs(t, attacker, 'Bob Brandt', 'it was good where it belonged')
  })

  await t.test('who is signing in at that moment is not signed in by such a link, and goes on', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const link = await answerOfSignIn(attacker, 'bob')
    const own = await answerOfSignIn(victim, 'alice')
    isRefusal(t, await victim.request(link.href), 'state_unknown')
    await isSignedInAs(t, victim, undefined)
    await victim.open(own.href)
    await isSignedInAs(t, victim, 'Alice Anders')
  })

  await t.test('who is signed in stays who they are', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await victim.signIn('alice')
    isRefusal(t, await victim.request((await answerOfSignIn(attacker, 'bob')).href), 'state_unknown')
    await isSignedInAs(t, victim, 'Alice Anders')
  })

  await t.test('nor does a link to the Messenger\'s callback have somebody chat as the attacker', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await attacker.signIn('bob')
    await victim.signIn('alice')
    await attacker.authCode()
    const link = await answerForMessenger(attacker)
    const code = link.searchParams.get('code')!

    isRefusal(t, await victim.request(link.href), 'state_unknown')
    t.not(handoverOf(await victim.authCode()).authCode, code, 'the victim\'s Messenger gets the victim\'s code')
    t.equal((await victim.authCode()).status, 409, 'and no other')
    await attacker.open(link.href)
    t.equal(handoverOf(await attacker.authCode()).authCode, code, 'it was good where it belonged')
  })
}

const handoverOf = (page: Page) => page.json() as Handover
