import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../../helpers/chromium.ts'
import type { Lab } from '../../helpers/lab.ts'
import { openPage, signInByClick } from '../../helpers/messenger-window.ts'
import { startSite } from './site.ts'

/**
 * Somebody who has a host in the application's domain sets cookies for all of it. What the relying party makes of those that
 * arrive is in test/relying-party/cookies-and-csrf.test.ts.
 *
 * @see https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html#name-the-__host-prefix
 */
export async function cookiesTossed (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'cookie tossing')
  if (!chromium) return

  /** What the application is sent, and what it says of who is signed in. */
  async function ask (page: Page): Promise<{ cookies: string[], session: string }> {
    const response = await page.goto(`${lab.app}/session`)
    const { cookie } = await response!.request().allHeaders()
    return { cookies: cookie?.split('; ') ?? [], session: await page.textContent('body') ?? '' }
  }

  if (lab.app.startsWith('https:')) {
    await t.test('behind TLS, no host can set a cookie of the names that the application reads but the application', async t => {
      const site = await startSite(t, lab, {
        '/toss': {
          headers: {
            'set-cookie': [
              'plain=1; Domain=app.localhost; Secure',
              '__Host-session=tossed; Domain=app.localhost; Path=/; Secure',
              '__Host-attempt.s=1; Domain=app.localhost; Path=/; Secure',
              '__Host-session=tossed; Domain=.app.localhost; Secure',
              '=__Host-session=tossed; Domain=app.localhost; Path=/; Secure',
              '__host-session=tossed; Domain=app.localhost; Path=/; Secure',
              ' __Host-session=tossed; Domain=app.localhost; Path=/; Secure',
              '__Host-session =tossed; Domain=app.localhost; Path=/; Secure',
              '\u00a0__Host-session=tossed; Domain=app.localhost; Path=/; Secure',
              '__Host-session=own; Path=/; Secure'
            ]
          },
          html: ''
        }
      })
      const { page } = await openPage(t, chromium)
      await page.goto(`${site('evil.app.localhost')}/toss`)
      const { cookies, session } = await ask(page)
      t.ok(cookies.includes('plain=1'), 'some do arrive')
      t.strictSame(cookies.filter(cookie => /^[ \t]*__Host-/.test(cookie)), [], cookies.join('; '))
      t.equal(session, '{"authenticated":false}')

      await signInByClick(page, lab, 'Alice Anders')
      const own = (await ask(page)).cookies.filter(cookie => cookie.startsWith('__Host-session='))
      t.equal(own.length, 1, 'the application can')
      await page.goto(`${site('evil.app.localhost')}/toss`)
      const after = await ask(page)
      t.strictSame(after.cookies.filter(cookie => cookie.startsWith('__Host-session=')), own, 'and nobody else replaces it')
      t.match(JSON.parse(after.session), { authenticated: true, user: { name: 'Alice Anders' } })
    })
    return
  }

  await t.test('in the clear, a host below the application\'s can set its cookies, and one beside it cannot', async t => {
    const site = await startSite(t, lab, {
      '/toss': { headers: { 'set-cookie': ['session=tossed; Domain=app.localhost; Path=/session'] }, html: '' },
      '/toss-wide': {
        headers: { 'set-cookie': ['session=wide; Domain=localhost', 'session=beside; Domain=app.localhost'] }, html: ''
      }
    })
    const { page } = await openPage(t, chromium)
    await page.goto(`${site('evil.localhost')}/toss-wide`)
    t.strictSame((await ask(page)).cookies, [])
    await page.goto(`${site('evil.app.localhost')}/toss`)
    t.strictSame(await ask(page), { cookies: ['session=tossed'], session: '{"authenticated":false}' }, 'which is no session')
  })
}
