import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser, credentialsOf } from '../helpers/browser.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const elsewhere = 'http://localhost:5555/callback'

/** The live view over time: tabs, services that come and go, what is replayed, filtered and cleared. */
export async function liveViewOverTimeInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the live view over time')
  if (!chromium) return
  const live = new ConsoleApi(lab)

  async function openTab (context: Awaited<ReturnType<typeof newContext>>, query = '') {
    const page = await context.newPage()
    await page.goto(`${lab.console}/live${query}`)
    await page.locator('.state').getByText('Live', { exact: true }).waitFor()
    return page
  }

  const openLive = async (t: Test, query = '') => openTab(await newContext(t, chromium, { viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' }), query)

  async function signIn (username: string) {
    await new Browser(lab).signIn(username)
    return await live.latest(username, ({ who, outcome }) => who.includes(username) && outcome === 'signed in')
  }

  const journeyButton = (page: Page, id: string) => page.locator(`button[data-journey="${id}"]`)
  const rows = (page: Page) => page.getByRole('list', { name: /^Messages/ }).getByRole('button')

  await t.test('ten tabs show a new sign-in, though a browser has six connections', async t => {
    const context = await newContext(t, chromium)
    const tabs: Page[] = []
    for (let number = 0; number < 10; number++) tabs.push(await openTab(context))
    const { id } = await signIn('alice')
    for (const tab of tabs) await journeyButton(tab, id).waitFor()
    await until('the list counts what turned out to be fetched for the sign-in there and no longer elsewhere', async () => {
      const background = (await live.journeys()).find(({ id }) => id === 'background')
      const row = journeyButton(tabs[0]!, 'background')
      return background ? (await row.textContent())!.includes(` ${background.messages} message`) : await row.count() === 0
    })
    await tabs[0]!.close()
    const next = await signIn('bob')
    for (const tab of tabs.slice(1)) await journeyButton(tab, next.id).waitFor()
    t.pass('and go on when the one that listened for all of them is closed')
  })

  await t.test('a tab shows no secret because another tab of the browser does', async t => {
    const context = await newContext(t, chromium)
    const showing = await openTab(context)
    await showing.getByLabel('show secrets').check()
    const hiding = await openTab(context)
    const browser = new Browser(lab)
    const asked = await browser.openSignIn()
    // What comes from now on comes by the stream.
    for (const page of [showing, hiding]) await rows(page).nth(2).waitFor()
    await browser.submit(asked, credentialsOf(lab.user('alice')))
    const codeOf = async (page: Page) => {
      await rows(page).filter({ hasText: '/callback' }).first().click()
      await page.getByRole('tab', { name: 'Parameters' }).click()
      return page.locator('.details .value[data-name=code]').first().textContent()
    }
    t.match(await codeOf(showing), /^[\w-]{43}$/)
    t.match(await codeOf(hiding), /^[\w-]{6}…43$/)
  })

  await t.test('a console that was away goes on without a reload, and so does the page without a service', async t => {
    const page = await openLive(t)
    const first = await signIn('alice')
    await journeyButton(page, first.id).waitFor()
    await lab.stop('console')
    await page.getByText('The console does not answer').waitFor()
    await lab.start('console')
    await page.locator('.state').getByText('Live', { exact: true }).waitFor()
    const again = await live.latest('alice', ({ who }) => who.includes('alice'))
    await journeyButton(page, again.id).waitFor()

    await lab.stop('genesys')
    await page.getByText('Not reached: Genesys').waitFor()
    await lab.start('genesys')
    await page.getByText('Not reached').waitFor({ state: 'detached' })
    const { id } = await signIn('bob')
    await journeyButton(page, id).click()
    const { messages } = await live.journey(id)
    await rows(page).nth(messages.length - 1).waitFor()
    t.equal(await rows(page).count(), messages.length, 'each message is there once')
  })

  await t.test('a page names every script that it loads, so that none waits until another has been read', async t => {
    const page = await openLive(t)
    const unnamed = await page.evaluate<string[]>(`performance.getEntriesByType('resource').map(({ name }) => name).filter(name => name.endsWith('.js')).filter(name =>
      ![...document.querySelectorAll('script, link[rel=modulepreload]')].some(named => [named.src, named.href].includes(name)))`)
    t.strictSame(unnamed, [])
  })

  await t.test('a page of which a script does not arrive says so, and loads itself until it does', async t => {
    const page = await (await newContext(t, chromium)).newPage()
    let arrives = false
    await page.route('**/assets/live/rows.js', route => arrives ? route.continue() : route.abort())
    await page.goto(`${lab.console}/live`, { waitUntil: 'commit' })
    await page.getByRole('alert').getByText('did not arrive').waitFor()
    arrives = true
    await page.locator('.state').getByText('Live', { exact: true }).waitFor()
  })

  await t.test('a journey is stepped through and replayed, by buttons, by keys and by the slider', async t => {
    const page = await openLive(t)
    const { id } = await signIn('alice')
    await journeyButton(page, id).click()
    const { messages } = await live.journey(id)
    const position = (number: number) => page.getByText(`message ${number} of ${messages.length}`, { exact: true }).waitFor()
    const shown = () => rows(page).filter({ visible: true }).count()
    await position(messages.length)
    await page.getByRole('button', { name: 'First message' }).click()
    await position(1)
    t.equal(await shown(), 1)
    await page.getByRole('button', { name: 'One message forward' }).click()
    await position(2)
    await page.locator('.position').click()
    await page.keyboard.press('ArrowRight')
    await position(3)
    t.equal(await shown(), 3)
    await page.keyboard.press('ArrowLeft')
    await position(2)
    const slider = page.getByRole('slider', { name: 'How far it has happened' })
    await slider.fill('5')
    await position(5)
    t.equal(await slider.getAttribute('aria-valuetext'), `message 5 of ${messages.length}`)
    await page.getByLabel('speed').selectOption('4×')
    await page.locator('.position').click()
    await page.keyboard.press(' ')
    await position(messages.length)
    await page.getByRole('button', { name: 'Replay', exact: true }).waitFor()
  })

  await t.test('what has happened meanwhile does not move whoever looks at an earlier step', async t => {
    const page = await openLive(t)
    const browser = new Browser(lab)
    await browser.openSignIn()
    await rows(page).nth(2).waitFor()
    await page.getByRole('button', { name: 'First message' }).click()
    await browser.openSignIn()
    await page.getByText(/^message 1 of [^123]$/).waitFor()
    await page.getByRole('button', { name: 'Last message' }).click()
    await page.getByText(/^message ([^123]) of \1$/).waitFor()
    t.pass('the end is there when it is asked for')
  })

  await t.test('what comes in is brought in sight above the replay, unless somebody has turned back to what was before', async t => {
    const page = await openLive(t)
    await page.setViewportSize({ width: 1400, height: 420 })
    const browser = new Browser(lab)
    const api = new GenesysApi(lab)
    await browser.signIn('bob')
    const { id } = await live.latest('bob', ({ who, outcome }) => who.includes('bob') && outcome === 'signed in')
    await page.goto(`${lab.console}/live?journey=${id}`)
    const picture = page.locator('.picture')
    const replayTop = async () => (await page.locator('.replay').boundingBox())!.y
    const lastEnd = async () => { const { y, height } = (await rows(page).last().boundingBox())!; return y + height }
    // What browsers round to whole pixels may lap over.
    const isInSight = async () => await lastEnd() <= await replayTop() + 1
    const length = async () => Number((await page.locator('.position').textContent())?.split(' ').at(-1))
    await until('the journey is shown', async () => await length() > 4)
    t.notOk(await isInSight(), 'there is more than can be seen')
    await api.signIn(browser)
    const exchanged = page.locator('.messages button', { hasText: '/oauthc' })
    await exchanged.waitFor()
    await until('the last message is above the replay', async () => await isInSight())

    await until('nothing moves what is turned back to', () => picture.evaluate(async pane => {
      pane.scrollTop = 80
      await new Promise(resolve => { setTimeout(resolve, 100) })
      return pane.scrollTop === 80
    }))
    const before = await length()
    await browser.fetchCode()
    await api.signIn(browser)
    await until('the second exchange is there', async () => await exchanged.count() === 2 && await length() >= before + 6)
    t.equal(await picture.evaluate(pane => pane.scrollTop), 80)

    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('ArrowRight')
    await until('the last message is above the replay', async () => await isInSight())
    t.pass('a step of the replay is not beneath its buttons')
  })

  await t.test('on a phone, what is stepped or moved to is beneath neither the replay nor the message that is open', async t => {
    const page = await openLive(t)
    await page.setViewportSize({ width: 360, height: 700 })
    const { id } = await signIn('alice')
    await page.goto(`${lab.console}/live?journey=${id}`)
    const { messages } = await live.journey(id)
    await rows(page).nth(messages.length - 1).waitFor({ state: 'attached' })
    const isAbove = async (index: number, other: string) => {
      const { y, height } = (await rows(page).nth(index).boundingBox())!
      return y >= 0 && y + height <= (await page.locator(other).boundingBox())!.y + 1
    }
    await page.getByRole('button', { name: 'First message' }).click()
    for (let index = 1; index < messages.length; index++) {
      await page.getByRole('button', { name: 'One message forward' }).click()
      await until(`message ${index + 1} is above the replay`, () => isAbove(index, '.replay'))
    }
    await page.getByRole('button', { name: 'First message' }).focus()
    for (let index = 0; index < messages.length; index++) {
      await page.keyboard.press('ArrowDown')
      await until(`message ${index + 1} is above what it says`, () => isAbove(index, '.details'))
    }
    t.pass('each of them')
  })

  await t.test('a value is followed by a click and by a key, in every message that has it', async t => {
    const page = await openLive(t)
    const { id, messages } = await signIn('alice')
    await journeyButton(page, id).click()
    await rows(page).filter({ hasText: '/callback' }).first().click()
    await page.getByRole('tab', { name: 'Parameters' }).click()
    await page.locator('.details .value[data-name=state]').first().click()
    const state = messages.find(({ endpoint }) => endpoint === 'callback')!.parameters.find(({ name }) => name === 'state')!.same
    const having = messages.filter(({ parameters, answer }) => [...parameters, ...answer].some(({ same }) => same === state)).length
    t.ok(having >= 4)
    const lit = page.locator('.messages .lit')
    await page.mouse.move(0, 0)
    await page.getByText('every place this value appears is lit').waitFor()
    t.equal(await lit.count(), having)
    await page.getByRole('button', { name: 'Do not follow state any more' }).click()
    await lit.first().waitFor({ state: 'detached' })
    await page.locator('.details .value[data-name=code]').first().focus()
    await page.keyboard.press('f')
    await page.getByRole('button', { name: 'Do not follow code any more' }).waitFor()
  })

  await t.test('filters stand in the address, and whoever opens it sees the same', async t => {
    const page = await openLive(t)
    const [alice, bob] = [await signIn('alice'), await signIn('bob')]
    await journeyButton(page, alice.id).waitFor()
    await page.getByLabel('User').selectOption('bob')
    await journeyButton(page, alice.id).waitFor({ state: 'detached' })
    await journeyButton(page, bob.id).waitFor()
    const other = await openLive(t, new URL(page.url()).search)
    await journeyButton(other, bob.id).waitFor()
    t.equal(await journeyButton(other, alice.id).count(), 0)
    await other.getByLabel('User').selectOption('all')
    await other.getByLabel('Client').selectOption('genesys-messenger')
    await journeyButton(other, alice.id).waitFor()
    await other.getByLabel('Find').fill('alice token_exchange')
    await journeyButton(other, alice.id).waitFor({ state: 'detached' })
    t.match(other.url(), 'client_id=genesys-messenger&find=alice+token_exchange')
  })

  await t.test('what goes to an application outside the lab is drawn as not seen, with a lane of its own', async t => {
    const page = await openLive(t)
    const { clients } = createControlApiClient(lab.issuer)
    await clients.put('shop-elsewhere', {
      client_name: 'A shop',
      client_uri: 'http://localhost:5555',
      client_secret: 'for-the-lab-alone-0123456789abcdef',
      scope: 'openid',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      redirect_uris: [elsewhere]
    })
    t.teardown(() => clients.remove('shop-elsewhere'))
    const atShop = (url: string) => url.startsWith(elsewhere)
    const browser = new Browser(lab)
    const query = new URLSearchParams({
      client_id: 'shop-elsewhere',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: elsewhere,
      state: 'state-of-the-shop',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256'
    })
    const { username, password } = lab.user('erik')
    const asked = await browser.submit(await browser.open(`${lab.issuer}/auth?${query}`), { username, password })
    t.match((await browser.submit(asked, {}, 'Allow', atShop)).url, elsewhere)
    const leg = rows(page).filter({ hasText: /Browser to shop-elsewhere, not seen/ })
    await leg.click()
    await page.getByText('brings the code to the application, shop-elsewhere').waitFor()
    await page.locator('.parties .outside', { hasText: 'shop-elsewhere' }).waitFor()
  })

  await t.test('Clear empties the ledgers of all services, and the page', async t => {
    const page = await openLive(t)
    const { id } = await signIn('alice')
    await journeyButton(page, id).waitFor()
    await page.getByRole('button', { name: 'Clear' }).click()
    await journeyButton(page, id).waitFor({ state: 'detached' })
    await page.getByText('Nothing yet.').waitFor()
    t.equal(await rows(page).count(), 0)
    t.equal((await createControlApiClient(lab.issuer).ledger.query({})).count, 0)
  })
}
