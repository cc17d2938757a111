import type { BrowserContext, Page } from 'playwright-core'
import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { hasFocus, showMessenger } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const deploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** Signing in in the middle of an anonymous conversation (`allowSessionUpgrade`), in a real browser. */
export async function stepUpInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a guest signs in during the conversation in Chromium')
  if (!chromium) return

  /** A guest without a name, who has written something. */
  async function anonymousGuest (context: BrowserContext): Promise<MessengerPage> {
    const tab = await (await MessengerPage.open(context, lab, deploymentId)).visit()
    await tab.start()
    await tab.say('written before')
    return tab
  }

  /** Sign in in the window that opens by a command. */
  async function signInByWindow (tab: MessengerPage, command: string, name: string) {
    const [popup, answer] = await begin(tab, command)
    await popup.getByRole('button', { name: `Sign in as ${name}` }).click()
    const { value, reason } = await answer
    if (!value) throw new Error(String(reason))
    if (!popup.isClosed()) await popup.waitForEvent('close')
    return value
  }

  async function begin (tab: MessengerPage, command: string): Promise<[Page, ReturnType<MessengerPage['command']>]> {
    const opened = tab.page.context().waitForEvent('page')
    const answer = tab.command(command)
    return [await opened, answer]
  }

  const whoAmI = async (tab: MessengerPage) => {
    const before = (await tab.texts('Outbound')).length
    await tab.say('Who am I?')
    await until('the agent answers', async () => (await tab.texts('Outbound')).slice(before).some(text => /You are |cannot tell/.test(text)))
    return (await tab.texts('Outbound')).findLast(text => /You are |cannot tell/.test(text))
  }

  for (const command of ['MessagingService.stepUpConversation', 'Auth.signIn']) {
    await t.test(`a guest signs in by ${command}, and the same conversation goes on in their name`, async t => {
      const tab = await anonymousGuest(await newContext(t, chromium))
      t.match((await tab.events('MessagingService.started'))[0], { data: { authenticated: false, newSession: true } })
      await tab.next('Auth.signInAvailable')
      t.match(await whoAmI(tab), /not signed in/)

      t.match(await signInByWindow(tab, command, 'Alice Anders'), { authCode: /./, jwt: /./ })
      await tab.next('MessagingService.steppedUpConversation')
      t.match(await tab.events('Auth.signingIn'), { length: 1 })
      t.match(await tab.events('Auth.signedIn'), [{ data: { authCode: /./ } }])
      t.match(await tab.events('Auth.authenticated'), { length: 1 }, 'the code is redeemed once')
      t.match(await whoAmI(tab), /You are Alice Anders/)
      t.equal((await tab.texts('Inbound')).filter(text => text === 'written before').length, 1)
      t.strictSame(await tab.command('MessagingService.stepUpConversation'), { reason: 'No active conversation found to step-up.' })
      await tab.page.getByRole('banner').getByText('Alice Anders', { exact: true }).waitFor()

      await tab.reload()
      t.match(await tab.next('MessagingService.started'), { data: { authenticated: true, newSession: false } })
      await tab.next('MessagingService.restored')
      t.ok((await tab.texts('Inbound')).includes('written before'))
      t.strictSame(tab.complaints, [])

      await tab.command('Auth.logout')
      await tab.start()
      await until('another conversation starts', async () => (await tab.events('MessagingService.started')).length === 2)
      t.match((await tab.events('MessagingService.started'))[1], { data: { authenticated: false, newSession: true } })
    })
  }

  await t.test('the other tab of the conversation goes on in the person\'s name as well', async t => {
    const context = await newContext(t, chromium)
    const tab = await anonymousGuest(context)
    const other = await (await MessengerPage.open(context, lab, deploymentId)).visit()
    await other.next('MessagingService.restored')
    await signInByWindow(tab, 'Auth.signIn', 'Bob Brandt')
    await other.next('MessagingService.steppedUpConversation')
    t.match(await whoAmI(other), /You are Bob Brandt/)
    t.strictSame(await other.events('MessagingService.error'), [])
  })

  await t.test('the other tab loses nothing while the conversation becomes the person\'s, and shows that it is back', async t => {
    const context = await newContext(t, chromium)
    const tab = await anonymousGuest(context)
    const other = await MessengerPage.open(context, lab, deploymentId)
    const opened: string[] = []
    other.page.on('websocket', socket => {
      opened.push(socket.url())
      // The word of the sign-in reaches this tab by its socket first, and by storage later.
      socket.on('framereceived', ({ payload }) => { if (String(payload).includes('steppedUp')) opened.push('stepped up') })
    })
    await other.page.addInitScript("addEventListener('storage', event => event.stopImmediatePropagation(), { capture: true })")
    await other.visit()
    await showMessenger(other.page)
    await other.next('MessagingService.restored')
    const [popup, answer] = await begin(tab, 'Auth.signIn')
    const written = ['one', 'two', 'three', 'four', 'five']
    const sent = written.map(async message => {
      await other.next('MessagingService.reconnecting')
      return await other.say(message)
    })
    await popup.getByRole('button', { name: 'Sign in as Bob Brandt' }).click()
    t.match(await answer, { value: { jwt: /./ } })
    t.match(await Promise.all(sent), written.map(text => ({ value: { text, metadata: { authenticated: 'true' } } })))
    await other.next('MessagingService.reconnected')
    t.strictSame(opened.filter(what => what === 'stepped up'), ['stepped up'])
    t.equal(opened.length, 3, 'one more socket')
    t.strictSame((await other.texts('Inbound')).filter(text => text !== 'written before').toSorted(), written.toSorted())
    const dialog = other.page.getByRole('dialog', { name: 'Messenger' })
    await dialog.getByText('Reconnecting').waitFor({ state: 'hidden' })
    await isShown(t, dialog.getByText('You are signed in as Bob Brandt.'), 1, 'which happened while it had no connection')
    t.strictSame(await other.events('MessagingService.error'), [])
    await other.reload()
    t.match(await other.next('MessagingService.started'), { data: { authenticated: true, newSession: false } }, 'the token is still theirs')
  })

  await t.test('what the other tab is uploading meanwhile arrives, also where nobody could say so', async t => {
    const context = await newContext(t, chromium)
    const tab = await anonymousGuest(context)
    const other = await MessengerPage.open(context, lab, deploymentId)
    const [late, missed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const unheard = Promise.withResolvers<void>()
    let sockets = 0
    await other.page.routeWebSocket(/\/v1\?/, async socket => {
      if (++sockets > 1) await unheard.promise
      socket.connectToServer()
    })
    await other.page.route('**/attachments/*', async route => {
      await (route.request().postData() === 'late' ? late : missed).promise
      await route.continue()
    })
    other.page.on('response', response => { if (response.request().postData() === 'missed') unheard.resolve() })
    await other.visit()
    await other.next('MessagingService.restored')
    await upload(other, 'late')
    await upload(other, 'missed')
    await other.next('MessagingService.uploadApproved', 2)
    await signInByWindow(tab, 'Auth.signIn', 'Bob Brandt')
    await other.next('MessagingService.reconnecting')
    missed.resolve()
    await other.next('MessagingService.reconnected')
    late.resolve()
    await other.next('MessagingService.fileUploaded', 2)
    const { value } = await other.say('both') as { value: { content: { attachment: { filename: string } }[] } }
    t.strictSame(value.content.map(({ attachment }) => attachment.filename).toSorted(), ['late.txt', 'missed.txt'])
    t.match(value, { metadata: { authenticated: 'true' } })
    t.strictSame(await other.events('MessagingService.fileUploadError'), [])
    t.strictSame(await other.events('MessagingService.error'), [])
  })

  await t.test('who comes to the page signed in chats in their own name from the start', async t => {
    const tab = await (await MessengerPage.open(await newContext(t, chromium), lab, deploymentId)).signIn('Alice Anders')
    await tab.start()
    t.match((await tab.events('MessagingService.started'))[0], { data: { authenticated: true } })
  })

  await t.test('an anonymous conversation is stepped up when its guest comes back signed in', async t => {
    const tab = await anonymousGuest(await newContext(t, chromium))
    await tab.signIn('Alice Anders')
    await tab.next('MessagingService.steppedUpConversation')
    t.match(await whoAmI(tab), /You are Alice Anders/)
    t.ok((await tab.texts('Inbound')).includes('written before'))
  })

  await t.test('who signs in in the window goes on writing there, and every tab calls them by their name', async t => {
    const context = await newContext(t, chromium)
    const tab = await anonymousGuest(context)
    await showMessenger(tab.page)
    const other = await (await MessengerPage.open(context, lab, deploymentId)).visit()
    await showMessenger(other.page)
    const opened = context.waitForEvent('page')
    await tab.page.bringToFront()
    await tab.page.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).press('Enter')
    await (await opened).getByRole('button', { name: 'Sign in as 山田 雪' }).click()
    await tab.page.getByText('You are signed in as 山田 雪.').waitFor()
    await until('the focus is where they write', () => hasFocus(tab.page.getByRole('textbox', { name: 'Message' })))
    const late = await (await MessengerPage.open(context, lab, deploymentId)).visit()
    for (const { page } of [tab, other, late]) await page.getByTitle('Signed in as 山田 雪').waitFor()

    await late.command('Auth.logout')
    t.strictSame(await late.page.evaluate(() => Object.values(localStorage).filter(value => value.includes('山田'))), [])
  })

  await t.test('the person\'s other device is told, and its conversation is cleared', async t => {
    const phone = await (await MessengerPage.open(await newContext(t, chromium), lab, deploymentId)).signIn('Alice Anders')
    await phone.start()
    const laptop = await anonymousGuest(await newContext(t, chromium))
    await signInByWindow(laptop, 'MessagingService.stepUpConversation', 'Alice Anders')
    t.match(await laptop.next('MessagingService.steppedUpConversation'), { data: { clearedExistingSession: true } })
    t.match(await phone.next('MessagingService.error'), { data: { error: { errorKey: 'signedInElsewhere', body: 'signedIn' } } })
    t.strictSame(await phone.events('MessagingService.reconnecting'), [])
  })

  await t.test('where the server has no code at hand, the window goes for one and the page stays', async t => {
    const tab = await anonymousGuest(await newContext(t, chromium))
    let asked = 0
    await tab.page.route('**/messenger/auth-code?*', route => {
      if (asked++ > 0) return route.continue()
      const returnTo = new URL(route.request().url()).searchParams.get('return_to')!
      const location = `/messenger/login?${new URLSearchParams({ return_to: returnTo })}`
      return route.fulfill({ status: 409, json: { error: 'code_required', location } })
    })
    let left = 0
    tab.page.on('framenavigated', frame => { if (frame === tab.page.mainFrame()) left++ })
    await signInByWindow(tab, 'Auth.signIn', 'Alice Anders')
    await tab.next('MessagingService.steppedUpConversation')
    t.equal(asked, 2)
    t.equal(left, 0)
  })

  await t.test('a sign-in window that was given up can be opened again', async t => {
    const tab = await anonymousGuest(await newContext(t, chromium))
    const [popup, first] = await begin(tab, 'Auth.signIn')
    await popup.getByRole('button', { name: 'Sign in as Alice Anders' }).waitFor()
    await popup.close()
    await signInByWindow(tab, 'Auth.signIn', 'Alice Anders')
    t.strictSame(await first, { reason: 'Sign-in was begun anew' })
    await tab.next('Auth.signInFailed')
    await tab.next('MessagingService.steppedUpConversation')
  })

  await t.test('where the window is blocked, the page itself goes to sign in and comes back to the conversation', async t => {
    const tab = await anonymousGuest(await newContext(t, chromium))
    await tab.page.evaluate(() => {
      Object.assign(globalThis, { open: () => null });
      (globalThis as unknown as PageGlobals).Genesys('command', 'Auth.signIn')
    })
    await tab.page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
    await tab.next('MessagingService.steppedUpConversation')
    t.match(await whoAmI(tab), /You are Alice Anders/)
  })
}

/** As a page does with a file of this text. */
function upload (tab: MessengerPage, text: string) {
  return tab.page.evaluate(text => new Promise<void>((resolve, reject) => {
    const file = new File([text], `${text}.txt`, { type: 'text/plain' });
    (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.requestUpload', { file: [file] }, () => resolve(), reject)
  }), text)
}
