import type { Test } from 'tap'
import { Browser } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerOfSignIn, isSignedInAs, withParameters } from './helper.ts'

/**
 * Somebody gives the victim's browser cookies that they know, and waits until the victim signs in with them.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
 */
export async function sessionFixation (t: Test, lab: Lab) {
  /** Put all that one browser has of the application's cookies into another. */
  async function plant (from: Browser, to: Browser) {
    for (const cookie of await from.jar.getCookies(lab.app)) await to.jar.setCookie(String(cookie), lab.app)
  }

  await t.test('a planted session is another one than that of the victim\'s sign-in, and ends with it', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await attacker.signIn('bob')
    const { csrfToken } = await attacker.session()
    await plant(attacker, victim)
    await isSignedInAs(t, victim, 'Bob Brandt', 'it was planted')

    await victim.signIn('alice')
    await isSignedInAs(t, victim, 'Alice Anders')
    await isSignedInAs(t, attacker, undefined, 'the attacker knows the cookie of no session')
    t.equal((await attacker.authCode(csrfToken)).status, 401)
    t.equal((await victim.authCode(csrfToken)).status, 403, 'nor a CSRF token of the new one')
    t.equal((await victim.authCode()).status, 200)
  })

  await t.test('nor does a cookie help of a session that has ended', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await attacker.signIn('bob')
    await plant(attacker, victim)
    await attacker.signOut()
    await plant(victim, attacker)
    await victim.signIn('alice')
    await isSignedInAs(t, victim, 'Alice Anders')
    await isSignedInAs(t, attacker, undefined)
  })

  await t.test('an attempt that somebody has planted is not the one that the victim signs in by', async t => {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const { headers } = await attacker.request(`${lab.app}/login`)
    const planted = new URL(headers.get('location')!).searchParams.get('state')!
    await plant(attacker, victim)

    const answer = await answerOfSignIn(victim, 'alice')
    t.not(answer.searchParams.get('state'), planted)
    await attacker.request(withParameters(answer, { state: planted }))
    await isSignedInAs(t, attacker, undefined, 'the code belongs to the victim\'s own attempt')
    await victim.open(answer.href)
    await isSignedInAs(t, victim, 'Alice Anders', 'which is not disturbed')
  })
}
