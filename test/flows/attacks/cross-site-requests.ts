import type { Test } from 'tap'
import { startChromium } from '../../helpers/chromium.ts'
import type { Lab } from '../../helpers/lab.ts'
import { openPage, signInByClick } from '../../helpers/messenger-window.ts'
import { hosts, startSite } from './site.ts'

/** What a real browser sends, and with which cookies, when a page of somebody else's signs the victim out or asks for a code. */
export async function crossSiteRequests (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'cross-site requests')
  if (!chromium) return

  for (const [what, host] of Object.entries(hosts)) {
    await t.test(`a form or picture of ${what} signs nobody out`, async t => {
      const forms = ['/logout', '/logout/everywhere'].map(path =>
        `<form method="post" action="${lab.app}${path}"><input name="_csrf" value="guess"><button>${path}</button></form>`)
      const site = await startSite(t, lab, { '/': { html: `${forms.join('')}<img src="${lab.app}/logout" alt="">` } })
      const { page } = await openPage(t, chromium)
      await signInByClick(page, lab, 'Alice Anders')
      for (const path of ['/logout', '/logout/everywhere']) {
        await page.goto(site(host))
        const answered = page.waitForResponse(`${lab.app}${path}`)
        await page.getByRole('button', { name: path, exact: true }).click()
        const response = await answered
        // Of another site, it comes without the cookie: SameSite=Lax.
        const sent = (await response.request().allHeaders())['cookie'] ?? ''
        t.equal(sent.includes('session='), what !== 'another site')
        t.equal(response.status(), what === 'another site' ? 303 : 403)
      }
      await page.goto(lab.app)
      await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    })

    await t.test(`a script of ${what} reads neither who is signed in nor a code`, async t => {
      const site = await startSite(t, lab, {})
      const { page } = await openPage(t, chromium)
      await signInByClick(page, lab, 'Alice Anders')
      await page.goto(site(host))
      const read = (path: string, init: object) => page.evaluate(async ({ url, init }) => {
        try {
          const response = await fetch(url, { credentials: 'include', ...init })
          return response.type === 'opaque' ? 'opaque' : await response.text()
        } catch {
          return 'refused'
        }
      }, { url: lab.app + path, init })
      t.equal(await read('/session', {}), 'refused')
      t.equal(await read('/messenger/auth-code', { method: 'POST' }), 'refused')
      t.equal(await read('/messenger/auth-code', { method: 'POST', headers: { 'csrf-token': 'guess' } }), 'refused')
      const unread = await read('/messenger/auth-code', { method: 'POST', mode: 'no-cors', body: '_csrf=guess' })
      t.match(unread, /^(opaque|refused)$/)
      await page.goto(lab.app)
      await page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()
    })
  }
}
