import type { Test } from 'tap'
import { Browser } from '../../helpers/browser.ts'
import { startChromium } from '../../helpers/chromium.ts'
import type { Lab } from '../../helpers/lab.ts'
import { openPage } from '../../helpers/messenger-window.ts'
import { until } from '../../helpers/until.ts'
import { hosts, startSite } from './site.ts'

/** What is used of a frame, by its page. */
interface Frame {
  src: string
  onload: (() => void) | null
  contentDocument: { title: string } | null
}

/**
 * Somebody has a page of the application in a frame, and the victim click on what they do not see.
 *
 * @see https://www.w3.org/TR/CSP3/#directive-frame-ancestors
 */
export async function clickjacking (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'clickjacking')
  if (!chromium) return

  const pages = [
    '/', '/index.html', '/signed-in.html', '/nowhere', '/callback?state=made-up', '/messenger/callback?state=made-up',
    '/messenger/login',
    '/messenger/frame?outcome=code', '/logout/callback?state=made-up', '/frontchannel-logout?iss=made-up&sid=x', '/session',
    `/frontchannel-logout?${new URLSearchParams({ iss: lab.issuer, sid: 'x' })}`
  ]
  const framed = (url: string) => ({ html: `<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>` })

  for (const [what, host] of Object.entries(hosts)) {
    await t.test(`${what} has no page of the application in a frame`, async t => {
      const origin = await startSite(t, lab, {
        '/own': framed('/harmless'), ...Object.fromEntries(pages.map((path, index) => [`/${index}`, framed(`${lab.app}${path}`)]))
      })
      const { page } = await openPage(t, chromium)
      const shownBy = async (path: string) => {
        await page.goto(`${origin(host)}${path}`)
        const shown = () => page.frames()[1]?.url() ?? ''
        await until('there is something in the frame', () => !['', 'about:blank'].includes(shown()))
        return shown()
      }
      t.equal(await shownBy('/own'), `${origin(host)}/harmless`, 'a page without such headers is shown')
      for (const [index, path] of pages.entries()) t.match(await shownBy(`/${index}`), /^chrome-error:/, path)
    })
  }

  await t.test('the application itself has the one page that it needs in a frame, and no other', async t => {
    const { page } = await openPage(t, chromium)
    await page.goto(`${lab.app}/nowhere`)
    const show = async (path: string) => page.evaluate(async path => {
      const { document } = globalThis as unknown as {
        document: { createElement (name: 'iframe'): Frame, body: { append (frame: Frame): void } }
      }
      const frame = document.createElement('iframe')
      const loaded = new Promise<void>(resolve => { frame.onload = resolve })
      frame.src = path
      document.body.append(frame)
      await loaded
      return frame.contentDocument?.title
    }, path)
    t.equal(await show('/messenger/frame?outcome=code'), 'Messenger')
    for (const path of ['/', '/nowhere', '/callback?state=made-up']) t.not(typeof await show(path), 'string', path)
  })

  await t.test('every answer says who may have it in a frame', async t => {
    const browser = new Browser(lab)
    for (const path of [...pages, '/livez', '/page.js', '/messenger/config', '/%zz', '/login?return_to=//evil.example']) {
      const { headers } = await browser.request(lab.app + path)
      const [, ancestors] = /frame-ancestors ([^;]*)/.exec(headers.get('content-security-policy') ?? '') ?? []
      const others: Record<string, string> = { '/messenger/frame': "'self'", '/frontchannel-logout': lab.issuer }
      const expected = others[path.split('?')[0]!] ?? "'none'"
      t.equal(ancestors, expected, path)
      if (expected === "'none'") t.equal(headers.get('x-frame-options') ?? 'DENY', 'DENY', `${path}, for browsers of old`)
    }
  })
}
