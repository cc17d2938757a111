import type { Page, Request } from 'playwright-core'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage } from '../helpers/messenger-page.ts'
import { showMessenger, write } from '../helpers/messenger-window.ts'

/** The way of an authorization request for the Messenger: who is asked for a document, one after the other. */
const way = ['/messenger/login', '/auth', '/messenger/callback']

/** What a browser opens from now on, in frames of the page and in place of it. */
function watch (page: Page) {
  const requests: Request[] = []
  const left: string[] = []
  page.on('request', request => { if (request.isNavigationRequest()) requests.push(request) })
  page.on('framenavigated', frame => { if (frame === page.mainFrame()) left.push(frame.url()) })
  return {
    left,
    /** Paths that were asked for as a document of this kind, as the browser says it to the server. */
    async asked (destination: 'iframe' | 'document') {
      const all = await Promise.all(requests.map(async request => ({ url: request.url(), headers: await request.allHeaders() })))
      return all.filter(({ headers }) => headers['sec-fetch-dest'] === destination).map(({ url }) => new URL(url).pathname)
    }
  }
}

/** The Messenger's next code with a real provider of another site, in browsers that give its cookies to frames or keep them. */
export async function silentSignInInChromium (t: Test, lab: Lab) {
  const { ledger } = createControlApiClient(lab.issuer)

  /** What has come of the Messenger's authorization requests since then. */
  async function outcomes (since: number) {
    const { entries } = await ledger.query({ endpoint: 'authorization', client_id: lab.settings['GENESYS_CLIENT_ID']!, since })
    return entries.map(({ parameters, answer }) => ({
      prompt: parameters['prompt'], outcome: answer['error'] ?? (answer['code'] === undefined ? 'neither' : 'code')
    }))
  }

  for (const [thirdPartyCookies, what] of [
    ['allowed', 'stays where it is'], ['blocked', 'leaves for the provider and comes back']
  ] as const) {
    const title = `signing in silently, third-party cookies ${thirdPartyCookies}`
    const chromium = await startChromium(t, title, { thirdPartyCookies })
    if (!chromium) return

    await t.test(`with third-party cookies ${thirdPartyCookies} the page ${what} when the Messenger signs in again`, async t => {
      const tab = await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab)
      const { page } = tab
      await tab.signIn('Alice Anders')
      await showMessenger(page)
      const messenger = page.getByRole('dialog', { name: 'Messenger' })
      await messenger.getByText('Hello Alice').waitFor()
      t.match(await tab.command('Auth.logout'), { reason: undefined })

      const { last } = await ledger.query({ order: 'desc', limit: 1 })
      const { left, asked } = watch(page)
      await messenger.getByRole('button', { name: 'Sign in' }).click()
      await messenger.getByText('Hello Alice').waitFor()
      const answers = messenger.getByText('You are Alice Anders')
      const before = await answers.count()
      await write(page, 'Who am I?')
      await answers.nth(before).waitFor()

      const silently = { prompt: 'none', outcome: 'code' }
      if (thirdPartyCookies === 'allowed') {
        t.strictSame(await asked('iframe'), [...way, '/messenger/frame'])
        t.strictSame(left, [])
        t.strictSame(await outcomes(last), [silently])
      } else {
        t.strictSame(await asked('iframe'), [], 'this tab has seen before that a frame is of no use')
        t.strictSame(await asked('document'), [...way, '/'])
        t.strictSame(left, [`${lab.app}/`])
        t.strictSame(await outcomes(last), [silently])
      }
    })
  }
}
