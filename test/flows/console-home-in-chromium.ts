import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { ConsoleApi } from '../helpers/console.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const markup = '<img src="/x" onerror="document.title=\'broken\'">'

/** The first page of the console: whom to be, what runs, what is switched on, and back to the beginning. */
export async function consoleHomeInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the home of the console')
  if (!chromium) return
  const idp = createControlApiClient(lab.issuer)

  /** The page, and what the browser says against it. */
  async function openHome (t: Test, { path = '/', width = 1280, colorScheme = 'light' as 'light' | 'dark' } = {}) {
    const context = await newContext(t, chromium!, { viewport: { width, height: 800 }, colorScheme })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
    page.on('pageerror', error => complaints.push(error.message))
    await page.goto(lab.console + path)
    await stateOf(page, 'Identity provider', 'runs')
    return { page, complaints }
  }

  const stateOf = (page: Page, service: string, state: string) =>
    page.getByRole('listitem').filter({ hasText: service }).getByText(state, { exact: true }).waitFor()

  /** Click on somebody, and look at the window that opens. */
  async function signInAs (page: Page, name: string) {
    const [window] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name }).click()])
    await window.getByRole('banner').getByText(name, { exact: true }).waitFor()
    return window
  }

  await t.test('one click signs somebody in at the application, without a page, and another one replaces them', async t => {
    const { page, complaints } = await openHome(t)
    const first = await signInAs(page, 'Alice Anders')
    t.equal(first.url(), `${lab.app}/`)
    await signInAs(page, 'Bob Brandt')
    await first.reload()
    await first.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    t.strictSame(complaints, [], 'and the browser has nothing against the page')
  })

  await t.test('a user who is disabled is no link, and is said to be disabled', async t => {
    const { page } = await openHome(t)
    await page.getByText('frida, disabled').waitFor()
    t.equal(await page.getByRole('link', { name: 'Frida Falk' }).count(), 0)
  })

  await t.test('what is switched on elsewhere is shown without a reload, and is gone when it is used up', async t => {
    const { page } = await openHome(t)
    const on = page.locator('.switched-on')
    await page.getByText('Nothing: the provider is strict').waitFor()
    await idp.faults.switchOn('userinfo-invalid-sub', { username: 'bob', count: 1 })
    await on.getByText('userinfo-invalid-sub for bob, once').waitFor()
    await idp.clients.patch('genesys-messenger', { permissive: true })
    await on.getByText('genesys-messenger is permissive').waitFor()
    await idp.clients.patch('genesys-messenger', { permissive: ['pkce-missing'] })
    await on.getByText('genesys-messenger is permissive: let off pkce-missing alone').waitFor()
    await idp.clients.reset()
    await page.getByRole('link', { name: 'Bob Brandt' }).click()
    await page.getByText('Nothing: the provider is strict').waitFor()
  })

  await t.test('a service that goes and comes is noticed, and without the application it says what the provider is good for', async t => {
    const { page } = await openHome(t)
    await stateOf(page, 'Application', 'runs')
    await lab.stop('relying-party')
    await stateOf(page, 'Application', 'is not reached')
    await page.getByText('there is nothing here to sign in to').waitFor()
    t.equal(await page.getByRole('link', { name: 'Alice Anders' }).count(), 0)
    t.equal(await page.getByText('alice alice-lab').count(), 1, 'people have their passwords there')
    await lab.start('relying-party')
    await page.getByRole('link', { name: 'Alice Anders' }).waitFor()
    await stateOf(page, 'Application', 'runs')
  })

  await t.test('a realm can be chosen as soon as it is made, goes along to other pages, and is said to be gone', async t => {
    const { page, complaints } = await openHome(t)
    const chooser = page.getByRole('combobox', { name: 'Realm' })
    await idp.realms.put('red', { users: [{ username: 'rosa', claims: { name: markup } }] })
    await chooser.locator('option', { hasText: 'red' }).waitFor({ state: 'attached' })
    await chooser.selectOption('red')
    await page.getByText(`${lab.issuer}/realms/red`, { exact: true }).waitFor()
    await page.getByText(markup).waitFor()
    await page.getByText('rosa rosa-lab').waitFor()
    t.match(await page.getByLabel('Command that registers a client').textContent(), `curl -X PUT ${lab.issuer}/realms/red/lab/clients/my-app`)
    await page.getByRole('link', { name: 'Live', exact: true }).click()
    await page.waitForURL(`${lab.console}/live?realm=red`)
    t.equal(await chooser.inputValue(), 'red')
    await page.getByRole('link', { name: 'Home' }).click()
    await page.getByText(markup).waitFor()
    t.not(await page.title(), 'broken', 'a name is text')
    await idp.realms.remove('red')
    await page.getByText('There is no realm red').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('everything is put back by keyboard, after a question, and it says what was reached', async t => {
    const { page, complaints } = await openHome(t)
    await signInAs(page, 'Alice Anders')
    await idp.faults.switchOn('jwks-empty')
    await idp.realms.put('red')
    await page.getByText('jwks-empty for everybody').waitFor()
    await lab.stop('genesys')
    await stateOf(page, 'Genesys', 'is not reached')

    const button = page.getByRole('button', { name: 'Put everything back' })
    await button.focus()
    await page.keyboard.press('Enter')
    const question = page.getByRole('dialog', { name: 'Put everything back?' })
    await question.waitFor()
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'hidden' })
    t.equal((await idp.faults.active()).length, 1, 'whoever has changed their mind has changed nothing')

    await page.keyboard.press('Enter')
    await question.getByRole('button', { name: 'Put everything back' }).focus()
    await page.keyboard.press('Enter')
    const result = page.getByRole('status')
    await result.getByText('Genesys stand-in: is not reached, so nothing was put back there.').waitFor()
    t.match(await result.textContent(), /Identity provider: Users, clients.*nobody is signed in.*Application: Sessions/s)
    await page.getByText('Nothing: the provider is strict').waitFor()
    t.strictSame(await idp.realms.list(), [])
    await until('the console has forgotten what was exchanged', async () =>
      (await new ConsoleApi(lab).journeys()).every(({ who }) => who.length === 0))
    t.strictSame(complaints, [])
    await lab.start('genesys')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`axe finds nothing in ${colorScheme} colours, and nothing is wider than a small phone`, async t => {
      await idp.realms.put('small')
      for (const path of ['/', '/?realm=small']) {
        const { page } = await openHome(t, { path, colorScheme, width: 360 })
        await page.getByText('Alice Anders').waitFor()
        await page.getByRole('button', { name: 'Put everything back' }).click()
        await page.getByRole('dialog').waitFor()
        for (const what of ['with the question', 'without it']) {
          const { violations } = await new AxeBuilder({ page }).analyze()
          t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], `${path} ${what}`)
          t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, `${path} fits`)
          await page.keyboard.press('Escape')
        }
      }
    })
  }
}
