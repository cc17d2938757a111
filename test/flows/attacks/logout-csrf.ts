import type { Test } from 'tap'
import { Browser } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'
import { isSignedInAs } from './helper.ts'

/**
 * Somebody signs others out by a link, a picture or a form. A browser leaves the cookie out of a form of another site; here
 * it is sent, as it is by a form of a sibling host.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.2
 */
export async function logoutCsrf (t: Test, lab: Lab) {
  for (const path of ['/logout', '/logout?_csrf=', '/logout/everywhere', '/sessions']) {
    for (const method of ['GET', 'HEAD']) {
      await t.test(`${method} ${path}, by a link or a picture, signs nobody out`, async t => {
        const browser = new Browser(lab)
        await browser.signIn('alice')
        const { csrfToken } = await browser.session()
        await browser.request(`${lab.app}${path}${path.endsWith('=') ? csrfToken : ''}`, { method })
        await isSignedInAs(t, browser, 'Alice Anders')
      })
    }
  }

  for (const path of ['/logout', '/logout/everywhere']) {
    const tokens: Record<string, (victim: Browser, attacker: Browser) => Promise<string | undefined>> = {
      'without a token': async () => undefined,
      'with an empty token': async () => '',
      'with a token that somebody has guessed': async () => 'x'.repeat(52),
      'with the token of the attacker\'s own session': async (_victim, attacker) => (await attacker.session()).csrfToken,
      'with a token of a session of the victim\'s that has ended': async victim => {
        const { csrfToken } = await victim.session()
        await victim.openSignIn()
        return csrfToken
      }
    }
    for (const [what, tokenOf] of Object.entries(tokens)) {
      await t.test(`POST ${path} ${what} signs nobody out`, async t => {
        const [victim, attacker] = [new Browser(lab), new Browser(lab)]
        await victim.signIn('alice')
        await attacker.signIn('bob')
        const token = await tokenOf(victim, attacker)
        t.equal((await victim.request(`${lab.app}${path}`, { form: token === undefined ? {} : { _csrf: token } })).status, 403)
        await isSignedInAs(t, victim, 'Alice Anders')
      })
    }

    await t.test(`POST ${path} with the token in the address, where others could put it, signs nobody out`, async t => {
      const browser = new Browser(lab)
      await browser.signIn('alice')
      const { csrfToken } = await browser.session()
      const page = await browser.request(`${lab.app}${path}?${new URLSearchParams({ _csrf: csrfToken! })}`, { method: 'POST' })
      t.equal(page.status, 403)
      await isSignedInAs(t, browser, 'Alice Anders')
    })

    await t.test(`POST ${path} with the page's own token does sign out`, async t => {
      const browser = new Browser(lab)
      await browser.signIn('alice')
      const { csrfToken } = await browser.session()
      await browser.request(`${lab.app}${path}`, { form: { _csrf: csrfToken! } })
      await isSignedInAs(t, browser, undefined)
    })
  }
}
