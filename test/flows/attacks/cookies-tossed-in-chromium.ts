import type { Test } from 'tap'
import { startTlsServer } from '../../lib/tls.ts'
import { startChromium } from '../../helpers/chromium.ts'
import type { Lab } from '../../helpers/lab.ts'
import { openPage } from '../../helpers/messenger-window.ts'
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

  await t.test('in the clear, a host below the application\'s can set its cookies, and one beside it cannot', async t => {
    const site = await startSite(t, {
      '/toss': { headers: { 'set-cookie': ['session=tossed; Domain=app.localhost; Path=/session'] }, html: '' },
      '/toss-wide': {
        headers: { 'set-cookie': ['session=wide; Domain=localhost', 'session=beside; Domain=app.localhost'] }, html: ''
      }
    })
    const { page } = await openPage(t, chromium)
    const sent = async () => (await (await page.goto(`${lab.app}/session`))!.request().allHeaders())['cookie']
    await page.goto(`${site('evil.localhost')}/toss-wide`)
    t.equal(await sent(), undefined)
    await page.goto(`${site('evil.app.localhost')}/toss`)
    t.equal(await sent(), 'session=tossed')
    t.match(await page.textContent('body'), '{"authenticated":false}', 'which is no session')
  })

  await t.test('over TLS, no host can set a cookie of the names that the application reads but the application', async t => {
    const tossed = [
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
    const origin = await startTlsServer(t, ({ url, headers }, response) => {
      const ofApplication = headers.host!.startsWith('app.localhost:')
      if (url === '/toss') response.setHeader('set-cookie', ofApplication ? ['__Host-session=real; Path=/; Secure'] : tossed)
      response.setHeader('content-type', 'text/plain')
      response.end(headers.cookie ?? '')
    })
    const at = (host: string, path: string) => `https://${host}:${new URL(origin).port}${path}`
    const { page } = await openPage(t, chromium, { ignoreHTTPSErrors: true })
    await page.goto(at('evil.app.localhost', '/toss'))
    await page.goto(at('app.localhost', '/'))
    const arrived = (await page.textContent('body') ?? '').split('; ')
    t.ok(arrived.includes('plain=1'), 'some do arrive')
    t.strictSame(arrived.filter(cookie => /^[ \t]*__Host-/.test(cookie)), [], arrived.join('; '))
    await page.goto(at('app.localhost', '/toss'))
    await page.goto(at('app.localhost', '/'))
    t.match(await page.textContent('body'), '__Host-session=real', 'the application can')
  })
}
