// Pages of http://192.168.…, as a phone in the same network has them: browsers give them less than those of this machine.
import t from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { freePorts } from '../helpers/lab.ts'
import { openPage, showMessenger, signInByClick, write } from '../helpers/messenger-window.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'

const ports = await freePorts()
const lab = await startEmbeddedLab(t, { ...ports, APP_URL: `http://phone.test:${ports.APP_PORT}` })
const chromium = await startChromium(t, 'people chat on a page that is no secure context', { namesOfThisMachine: ['phone.test'] })

if (chromium) {
  t.test('a guest chats', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.route('**/messenger/config', route => route.fulfill({
      json: { scriptUrl: `${lab.genesys}/genesys-bootstrap/genesys.min.js`, environment: 'prod-euw1', deploymentId: anonymous }
    }))
    await page.goto(lab.app)
    t.equal(await page.evaluate(() => (globalThis as unknown as { isSecureContext: boolean }).isSecureContext), false)
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello').waitFor()
    await write(page, 'from a phone')
    await page.getByRole('log').getByText('from a phone').waitFor()
    // What the browser says of headers that count in secure contexts alone.
    t.strictSame(complaints.filter(complaint => !/Cross-Origin-Opener-Policy|origin-keyed/.test(complaint)), [])
  })

  t.test('a person signs in and chats', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
  })
}
