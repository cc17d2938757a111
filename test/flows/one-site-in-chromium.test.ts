// The lab by names of one site: its stage has shop, chat, desk and live picture in one window, and the brand is switched there.
import t from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { openPage } from '../helpers/messenger-window.ts'

const lab = await startEmbeddedLab(t, { LOCALHOST_SUBDOMAINS: 'one-site' })
const chromium = await startChromium(t, 'the stage of one site')
// What strict browsers do: no cookie is a third party's here.
const strict = await startChromium(t, 'the stage of one site, where third-party cookies are blocked', { thirdPartyCookies: 'blocked' })

for (const [how, browser] of Object.entries({ 'as it is': chromium, 'that blocks third-party cookies': strict })) {
  if (!browser) continue
  await t.test(`in a browser ${how} a person signs in, chats with the desk, and everybody sees what is exchanged, in one window`, async t => {
    const { page, complaints } = await openPage(t, browser, { viewport: { width: 1280, height: 720 } })
    await page.goto(`${lab.console}/stage`)
    const [shop, desk, picture] = ['Shop and chat', 'Desk', 'Live picture'].map(title => page.frameLocator(`iframe[title="${title}"]`))
    await shop!.getByRole('link', { name: 'Sign in', exact: true }).click()
    await shop!.getByRole('button', { name: 'Bob Brandt' }).click()
    await shop!.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    await shop!.getByRole('button', { name: 'Open messenger' }).click()
    await shop!.getByRole('log').getByText('Hello Bob').first().waitFor()

    await desk!.getByRole('button', { name: /Bob Brandt/ }).first().click()
    await desk!.getByRole('button', { name: 'Take conversation' }).click()
    await desk!.getByRole('textbox', { name: 'Reply' }).fill('The tide is out.')
    await page.keyboard.press('Enter')
    await shop!.getByRole('log').getByText('The tide is out.').first().waitFor()
    await picture!.getByRole('button', { name: /configureAuthenticatedSession/ }).first().waitFor()
    await desk!.getByRole('button', { name: 'Give back' }).click()

    await shop!.getByRole('button', { name: 'Close messenger' }).first().click()
    await shop!.getByRole('button', { name: 'Sign out', exact: true }).click()
    await shop!.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
    // Of no policy, that is: a page in a frame takes no focus by itself, and a journey that was joined to another is not found any more.
    t.strictSame(complaints.filter(text => !/^Blocked autofocusing|404 \(Not Found\)/.test(text)), [])
  })
}

if (chromium) {
  await t.test('the brand is switched on the stage, and the conversation goes on with the other one\'s agent', async t => {
    const { page } = await openPage(t, chromium, { viewport: { width: 1920, height: 1080 } })
    await page.goto(`${lab.console}/stage`)
    const shop = page.frameLocator('iframe[title="Shop and chat"]')
    await page.getByRole('combobox', { name: 'Deployment' }).selectOption('anonymous')
    await page.getByText('Saltmarsh Kayaks with the deployment anonymous, from the next page on.').waitFor()
    await page.getByRole('button', { name: 'Reload Shop and chat' }).click()
    await shop.getByRole('button', { name: 'Open messenger' }).click()
    const log = shop.getByRole('log')
    await log.getByText('Hello, I am Robin.').waitFor()

    await page.getByRole('combobox', { name: 'Brand' }).selectOption('Marram Bank')
    await page.getByText('Marram Bank with the deployment anonymous, from the next page on. Switched at').waitFor()
    t.match(await page.locator('.host-page pre').textContent(), `curl -X PATCH ${lab.console}/host-page`)
    await shop.getByRole('dialog', { name: 'Messenger' }).getByRole('textbox').fill('When are you open?')
    await page.keyboard.press('Enter')
    await log.getByText('9:30').waitFor()
    await page.getByRole('button', { name: 'Reload Shop and chat' }).click()
    await shop.getByRole('banner').getByText('Marram Bank').first().waitFor()
    await shop.getByRole('heading', { name: 'Ask Marram Bank' }).waitFor()
    await log.getByText('When are you open?').waitFor()

    await page.getByRole('button', { name: 'As the settings say' }).click()
    await page.getByText('Saltmarsh Kayaks with the deployment default, from the next page on.').waitFor()
  })
}
