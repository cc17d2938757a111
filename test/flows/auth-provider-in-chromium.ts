import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage } from '../helpers/messenger-page.ts'
import { write } from '../helpers/messenger-window.ts'
import { until } from '../helpers/until.ts'

type Question = { name: string, data: { forceUpdate?: boolean } }
type Answer = (question: Question, count: number) => Promise<unknown>

/** What brands do in their AuthProvider, right and wrong, on a page of their own in a real browser. */
export async function authProviderInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a brand writes its own AuthProvider in Chromium')
  if (!chromium) return

  /** A page with the snippet and an AuthProvider whose answers the test gives. */
  const brandPage = async (t: Test, answer: Answer, settings = {}) => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab)
    const asked: Question[] = []
    await tab.page.exposeFunction('ask', (name: string, data: Question['data']) => {
      asked.push({ name, data })
      return answer({ name, data }, asked.length)
    })
    // In place of the host page's own script.
    await tab.page.route('**/page.js', route => route.fulfill({
      contentType: 'text/javascript',
      body: `
        window._genesysJs = 'Genesys'
        Genesys.t = Date.now()
        Genesys.c = { environment: 'prod-euw1', deploymentId: '${lab.settings['GENESYS_DEPLOYMENT_ID']}' }
        Genesys('registerPlugin', 'AuthProvider', (plugin) => {
          plugin.data('settings', ${JSON.stringify(settings)})
          for (const name of ['getAuthCode', 'reAuthenticate']) {
            plugin.registerCommand(name, (e) => { ask(name, e.data).then(e.resolve, e.reject) })
          }
          plugin.ready()
        })
        const script = document.createElement('script')
        script.src = '${lab.genesys}/genesys-bootstrap/genesys.min.js'
        document.head.append(script)`
    }))
    return { tab, asked }
  }

  /** A person's session with the brand, which gives a code each time. */
  async function codes (username: string): Promise<() => Promise<unknown>> {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return async () => {
      const page = await browser.authCode()
      if (page.status === 200) return page.json()
      await browser.open(`${lab.app}/messenger/login`)
      return (await browser.authCode()).json()
    }
  }

  await t.test('the Messenger asks for a code by itself, and again after the brand has signed the person in anew', async t => {
    const code = await codes('alice')
    const { tab, asked } = await brandPage(t, async ({ data }) => data.forceUpdate ? undefined : await code())
    await tab.visit()
    t.match(await tab.next('Auth.authenticated'), { data: { jwt: /./, refreshToken: /./ } })
    t.match(await tab.command('Auth.authenticate'), { value: { jwt: /./ } })
    t.strictSame(asked, [{ name: 'getAuthCode', data: {} }], 'tokens that are there are used')
    t.match(await tab.command('Auth.getTokens', { forceUpdate: true }), { value: { jwt: /./, refreshToken: /./ } })
    t.strictSame(asked.slice(1), [{ name: 'getAuthCode', data: { forceUpdate: true } }, { name: 'getAuthCode', data: {} }])
    t.strictSame(tab.complaints, [])
  })

  await t.test('a conversation goes on in the window while further codes are redeemed, well or in vain', async t => {
    const code = await codes('alice')
    const { tab } = await brandPage(t, async (_question, count) =>
      count === 3 ? { authCode: 'used-up', redirectUri: `${lab.app}/messenger/callback` } : await code())
    await tab.visit()
    await tab.page.getByRole('button', { name: 'Open messenger' }).click()
    const { page } = tab
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    t.match(await tab.command('Auth.getTokens'), { value: { jwt: /./ } })
    t.match(await tab.command('Auth.getTokens'), { reason: 'Unable to fetch authentication token' })
    await write(page, 'Who am I?')
    await page.getByRole('log').getByText('Alice Anders').last().waitFor()
    t.equal(await page.getByRole('textbox').isVisible(), true)
  })

  for (const [what, payload, message] of [
    ['under its old name', { code: 'abc', redirectUri: 'http://app.localhost/' }, 'getAuthCode provided the authorization code as code; it must be authCode'],
    ['without a redirectUri', { authCode: 'abc' }, 'getAuthCode did not provide a redirectUri'],
    ['together with an ID token', { authCode: 'a', idToken: 'b', redirectUri: 'http://app.localhost/' },
      'getAuthCode must provide either an authCode or an idToken']
  ] as const) {
    await t.test(`a brand that gives the code ${what} is told so`, async t => {
      const { tab } = await brandPage(t, async () => payload)
      await tab.visit()
      t.match(await tab.next('Auth.authProviderError'), { data: { message } })
      t.strictSame(await tab.command('Auth.getTokens'), { reason: message })
    })
  }

  await t.test('a code that is worth nothing is refused in few words', async t => {
    const { tab } = await brandPage(t, async () => ({ authCode: 'used-up', redirectUri: `${lab.app}/messenger/callback` }))
    await tab.visit()
    t.match(await tab.next('Auth.authError'), { data: { message: 'Unable to fetch authentication token', status: 401 } })
    t.match(await tab.next('Auth.error'), { data: { status: 401, code: /./, contextId: /./ } })
  })

  await t.test('an ID token goes to the exchange as one, and without a refresh token the brand is asked again', async t => {
    const { tab, asked } = await brandPage(t, async () => ({ idToken: 'an.id.token', redirectUri: `${lab.app}/`, nonce: 'n' }))
    const bodies: unknown[] = []
    await tab.page.route('**/oauthcodegrantjwtexchange', async route => {
      bodies.push(route.request().postDataJSON())
      await route.fulfill({ json: { jwt: `jwt-${bodies.length}` }, headers: { 'access-control-allow-origin': '*' } })
    })
    await tab.visit()
    await tab.next('Auth.authenticated')
    t.strictSame(bodies, [{
      deploymentId: lab.settings['GENESYS_DEPLOYMENT_ID'], oauth: { idToken: 'an.id.token', redirectUri: `${lab.app}/`, nonce: 'n' }
    }])
    t.match(await tab.command('Auth.refreshToken'), { value: { jwt: 'jwt-2' } })
    t.equal(asked.length, 2)
  })

  await t.test('when the service refuses the JWT, the refresh token comes first and the brand is left in peace', async t => {
    const code = await codes('bob')
    const { tab, asked } = await brandPage(t, code)
    await tab.visit()
    await tab.next('Auth.authenticated')
    await tab.page.evaluate(id => localStorage.setItem(`_${id}:gcatkn`, 'expired'), lab.settings['GENESYS_DEPLOYMENT_ID'])
    await tab.start()
    t.match((await tab.events('MessagingService.started'))[0], { data: { authenticated: true } })
    t.equal(asked.length, 1)
  })

  await t.test('when the refresh token is refused too, the brand signs the person in again and gives a new code', async t => {
    const code = await codes('bob')
    const { tab, asked } = await brandPage(t, async ({ name }) => name === 'getAuthCode' ? await code() : undefined)
    await tab.visit()
    await tab.next('Auth.authenticated')
    await tab.page.evaluate(id => {
      localStorage.setItem(`_${id}:gcatkn`, 'expired')
      localStorage.setItem(`_${id}:gcartkn`, 'expired')
    }, lab.settings['GENESYS_DEPLOYMENT_ID'])
    await tab.start()
    await tab.next('Auth.tokenError')
    t.strictSame(asked.map(({ name }) => name), ['getAuthCode', 'reAuthenticate', 'getAuthCode'])
  })

  await t.test('the JWT is renewed before it expires', async t => {
    const code = await codes('alice')
    const { tab, asked } = await brandPage(t, code)
    await tab.page.clock.install()
    const renewals: boolean[] = []
    tab.page.on('response', response => { if (response.url().endsWith('/token/refresh')) renewals.push(response.ok()) })
    await tab.visit()
    await tab.next('Auth.authenticated')
    await tab.page.clock.fastForward('14:55')
    await until('it is renewed', () => renewals.length > 0)
    t.strictSame(renewals, [true])
    t.equal(asked.length, 1)
  })

  for (const [what, settings, connects] of [
    ['connects by itself', {}, true],
    ['leaves that to a brand that only wants to configure it', { headless: { configureOnly: true } }, false]
  ] as const) {
    await t.test(`without a window the Messenger ${what}`, async t => {
      const code = await codes('alice')
      const { tab } = await brandPage(t, code, settings)
      await tab.page.route('**/config.json', async route => {
        const config = await (await fetch(route.request().url())).json() as object
        await route.fulfill({ json: { ...config, headlessMode: { enabled: true } }, headers: { 'access-control-allow-origin': '*' } })
      })
      await tab.visit()
      await tab.next('Auth.authenticated')
      if (connects) {
        t.match(await tab.next('MessagingService.started'), { data: { authenticated: true } })
      } else {
        await tab.start()
        t.equal((await tab.events('MessagingService.started')).length, 1, 'only when it is told to')
      }
      t.match(await tab.command('Messenger.open'), { reason: 'Messenger user interface must be enabled in your configuration.' })
    })
  }
}
