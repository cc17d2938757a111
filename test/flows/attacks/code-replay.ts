import type { Test } from 'tap'
import { Browser } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerOfAnotherSignIn, answerOfSignIn, isRefusal, isSignedInAs, withParameters } from './helper.ts'

/**
 * Somebody uses the address of a callback, or the code in it, once more: from the history of a browser, say.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-10.5
 */
export async function codeReplay (t: Test, lab: Lab) {
  await t.test('a replayed callback is refused, and the session of the first goes on', async t => {
    const browser = new Browser(lab)
    const { href } = await answerOfSignIn(browser, 'alice')
    await browser.open(href)
    isRefusal(t, await browser.request(href), 'state_unknown')
    await isSignedInAs(t, browser, 'Alice Anders')
  })

  await t.test('a replayed callback signs nobody in who has the browser after the person has signed out', async t => {
    const browser = new Browser(lab)
    const { href } = await answerOfSignIn(browser, 'alice')
    await browser.open(href)
    await browser.signOut()
    isRefusal(t, await browser.request(href), 'state_unknown')
    await isSignedInAs(t, browser, undefined)
  })

  await t.test('nor does a copy of all cookies help that was made before the first', async t => {
    const [browser, copy] = [new Browser(lab), new Browser(lab)]
    const { href } = await answerOfSignIn(browser, 'alice')
    for (const cookie of await browser.jar.getCookies(lab.app)) await copy.jar.setCookie(cookie, lab.app)
    await browser.open(href)
    isRefusal(t, await copy.request(href), 'state_unknown')
    await isSignedInAs(t, copy, undefined)
  })

  await t.test('of two callbacks at the same instant one is let in', async t => {
    const browser = new Browser(lab)
    const { href } = await answerOfSignIn(browser, 'alice')
    const pages = await Promise.all([browser.request(href), browser.request(href)])
    t.strictSame(pages.map(page => page.status).sort(), [303, 400])
  })

  await t.test('a code that was redeemed is worth nothing in the answer to a new request', async t => {
    const browser = new Browser(lab)
    const used = await answerOfSignIn(browser, 'alice')
    await browser.open(used.href)
    const next = await answerOfAnotherSignIn(browser)
    isRefusal(t, await browser.request(withParameters(next, { code: used.searchParams.get('code')! })), 'invalid_grant')
  })
}
