import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { Desk } from '../helpers/desk.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** What a brand's own scripts can do with `Genesys(...)`, on the real host page in a real browser. */
export async function pageApiInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a page uses the Messenger by script in Chromium')
  if (!chromium) return
  const open = async (t: Test, deploymentId: string) => await (await MessengerPage.open(await newContext(t, chromium), lab, deploymentId)).visit()

  await t.test('calls made before the script is there are kept for it, and who subscribes late gets what is still true', async t => {
    const tab = await open(t, anonymous)
    t.match(await tab.next('GenesysJS.configurationReceived'), {
      data: { deploymentConfig: { status: 'Active' }, snippetConfig: { deploymentId: anonymous } }
    })
    await tab.start()
    const late = await tab.page.evaluate(() => new Promise<string[]>(resolve => {
      const seen: string[] = []
      const { Genesys } = globalThis as unknown as PageGlobals
      const note = ({ event, eventName }: { event: string, eventName?: string }) => { seen.push(`${event} ${eventName}`) }
      for (const name of ['allowedFileTypes', 'ready', 'started']) Genesys('subscribe', `MessagingService.${name}`, note)
      Genesys('subscribe', 'GenesysJS.configurationReceived', (event: { event: string }) => {
        note(event)
        resolve(seen)
      })
    }))
    t.strictSame(late, [
      'MessagingService.ready undefined', 'MessagingService.started undefined', 'GenesysJS.configurationReceived undefined'
    ], 'replays name no eventName, and what happened once does not happen again')
    t.strictSame(tab.complaints, [])
  })

  await t.test('a call that means nothing harms nobody, and a name is taken once', async t => {
    const tab = await open(t, anonymous)
    const taken = await tab.page.evaluate(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      for (const call of ['executeQueue', 'loadPlugin', 'configure', 'monitor', 'registerChild', 'registerModule']) Genesys(call, 'x')
      Genesys('subscribe', 'MessagingService.started')
      Genesys('command', 'Database.set', { a: 1 })
      Genesys('command', 'Nobody.knows')
      Genesys('registerPlugin', 'Mine')
      Genesys('sing')
      Genesys()
      try {
        Genesys('registerPlugin', 'Auth', () => {})
        return 'registered'
      } catch (error) {
        return (error as Error).message
      }
    })
    t.equal(taken, "Can't register plugin Auth -- Name is already taken")
    t.match(await tab.command('Nobody.knows'), { reason: 'Command Nobody.knows is not available' })
    t.match(await tab.command('Database.get', { name: 'a' }), { value: 1 })
    t.ok(tab.complaints.every(complaint => complaint.includes('is not supported like this')), tab.complaints.join())
  })

  await t.test('the callbacks of a command may stand where its options would', async t => {
    const tab = await open(t, anonymous)
    const answers = await tab.page.evaluate(() => Promise.all([
      new Promise(resolve => {
        (globalThis as unknown as PageGlobals).Genesys('command', 'GenesysJS.configuration', resolve)
      }),
      new Promise(resolve => {
        (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message: ' ' }, undefined, resolve)
      })
    ]))
    t.match(answers, [{ id: anonymous, auth: { enabled: false } }, 'Message only contains whitespaces'])
    t.notOk('styles' in (answers[0] as { messenger: object }).messenger, 'without its presentation')
  })

  await t.test('a plugin of the page has its own commands, events and data, and hears no more of what it has unsubscribed', async t => {
    const tab = await open(t, anonymous)
    const seen = await tab.page.evaluate(() => new Promise<unknown[]>(resolve => {
      const { Genesys } = globalThis as unknown as PageGlobals
      const seen: unknown[] = []
      Genesys('registerPlugin', 'Mine', (mine: {
        command (name: string, data?: unknown): Promise<unknown>
        subscribe (name: string, callback: (event: { data: unknown }) => void): void
        unsubscribe (name: string): void
        publish (name: string, data?: unknown): void
        republish (name: string, data?: unknown): void
        registerCommand (name: string, handler: (event: { data: { n: number }, resolve (value: unknown): void, reject (why: unknown): void }) => void): void
        data (name: string, value?: unknown): unknown
        ready (): void
      }) => {
        mine.registerCommand('double', ({ data, resolve, reject }) => data.n ? resolve(2 * data.n) : reject('no number'))
        mine.data('colour', 'green')
        mine.subscribe('Mine.once', ({ data }) => {
          seen.push(data)
          mine.unsubscribe('Mine.once')
          mine.publish('once', 'again')
          // Events arrive in their order, so by then that one would have.
          answered.then(() => mine.publish('end'))
        })
        mine.subscribe('Mine.end', () => resolve(seen))
        mine.republish('once', 'first')
        mine.ready()
        const answered = Promise.all([
          mine.command('Mine.double', { n: 21 }).then(value => seen.push(value)),
          mine.command('Mine.double').catch(why => seen.push(why, mine.data('Mine.colour')))
        ])
      })
    }))
    t.strictSame([...seen].sort(), [42, 'first', 'green', 'no number'])
  })

  await t.test('each command says why it cannot be run', async t => {
    const tab = await open(t, anonymous)
    const rejections = async (table: Record<string, [data: unknown, reason: string]>) => {
      for (const [name, [data, reason]] of Object.entries(table)) {
        t.strictSame(await tab.command(`MessagingService.${name}`, data), { reason }, name)
      }
    }
    await rejections({
      fetchHistory: [{}, 'Not able to fetch history'],
      resetConversation: [{}, 'Conversation reset is not allowed. Check your configuration if Read only conversation disconnect is enabled.'],
      requestUpload: [{}, 'Sending attachments is disabled in the configuration'],
      joinConversation: [{}, 'Cannot start conversation'],
      stepUpConversation: [{}, 'No active conversation found to step-up.'],
      clearConversation: [{}, 'Please check your conversation clear option is enabled in your configuration.']
    })
    await tab.start()
    await tab.next('Conversations.started')
    await rejections({
      startConversation: [{}, 'There is already an active conversation'],
      configureConversation: [{}, 'There is already an active conversation'],
      sendMessage: [{ message: ' \n' }, 'Message only contains whitespaces'],
      getFile: [{}, 'There is no id']
    })
    t.match(await tab.command('Auth.signIn'), { reason: 'Please check your session upgrade option is enabled in your configuration.' })
    t.strictSame(tab.complaints, [])
  })

  await t.test('a conversation is configured first and joined when the page wants it', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let joins = 0
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"Join"')) joins++
    }))
    await tab.visit()
    t.strictSame(await tab.command('MessagingService.configureConversation'), { value: undefined })
    await tab.next('MessagingService.started')
    await tab.say('Nobody there yet?')
    t.equal(joins, 0)
    t.strictSame(await tab.command('MessagingService.joinConversation'), { value: undefined })
    t.equal(joins, 1)
    await until('the agent greets', async () => (await tab.texts('Outbound')).some(text => text.startsWith('Hello')))
  })

  await t.test('typing is told on both sides, and that the agent has ended the conversation', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let push = (_event: object, _metadata?: object) => {}
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      socket.connectToServer()
      push = (event, metadata) => socket.send(JSON.stringify({
        type: 'message', class: 'StructuredMessage', code: 200, body: { type: 'Event', direction: 'Outbound', id: 'x', events: [event], metadata }
      }))
    })
    await tab.visit()
    await tab.start()
    await tab.next('MessagingService.messagesReceived')
    t.strictSame(await tab.events('MessagingService.typingTimeout'), [], 'the agent has typed until the message was there')
    push({ eventType: 'Typing', typing: { type: 'On', duration: 50 } })
    t.match(await tab.next('MessagingService.typingTimeout'), { event: 'MessagingService.typingTimeout' })
    // In one go: between two of them there could be five seconds.
    await tab.page.evaluate(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      for (const command of ['sendTyping', 'sendTyping', 'clearTypingTimeout', 'sendTyping']) Genesys('command', `MessagingService.${command}`)
    })
    await tab.next('MessagingService.clientTypingStarted', 2)
    t.equal((await tab.events('MessagingService.clientTypingStarted')).length, 2, 'once in five seconds, unless the page says otherwise')
    push({ eventType: 'Presence', presence: { type: 'Disconnect' } }, { readOnly: 'true' })
    t.match(await tab.next('MessagingService.conversationDisconnected'), { data: { readOnly: true, message: { type: 'Event' } } })
    t.match(await tab.next('MessagingService.readOnlyConversation'), { data: { type: 'Event', metadata: { readOnly: 'true' } } })
    t.strictSame(await tab.say('too late'),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
  })

  await t.test('a conversation can be begun anew and cleared', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    await tab.say('before')
    await tab.disconnect(stepUp)
    t.match(await tab.next('MessagingService.readOnlyConversation'), { data: { type: 'Event', metadata: { readOnly: 'true' } } })
    t.strictSame(await tab.command('MessagingService.resetConversation'), { value: undefined })
    const { data: started } = await tab.next('MessagingService.started', 2)
    t.match(started, { newSession: true, readOnly: false })
    t.strictSame((await tab.next('MessagingService.conversationReset')).data, started)
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), [], 'nothing of the old one is left')
    t.strictSame(await tab.command('MessagingService.fetchHistory'), { value: 'All the messages are fetched' })
    t.strictSame(await tab.command('MessagingService.clearConversation'), { value: undefined })
    t.match(await tab.next('MessagingService.conversationCleared'), { data: { class: 'SessionClearedEvent' } })
    t.strictSame(await tab.command('MessagingService.clearConversation'), { reason: 'There is no active conversation found to clear.' })
  })

  await t.test('what is no frame, or none that is known, harms nobody', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      server.onMessage(frame => {
        for (const nonsense of ['no JSON', 'null', '[]', '{}', '"text"', '{"type":"message","class":"Surprise","code":200,"body":null}']) socket.send(nonsense)
        socket.send(frame)
      })
    })
    await tab.visit()
    await tab.start()
    t.match(await tab.say('all the same'), { value: { text: 'all the same' } })
    t.strictSame(await tab.events('MessagingService.error'), [])
    t.strictSame(tab.complaints, [])
  })

  await t.test('signing in and signing out are seen by all tabs', async t => {
    const context = await newContext(t, chromium)
    const other = await (await MessengerPage.open(context, lab)).visit()
    const tab = await (await MessengerPage.open(context, lab)).signIn('Bob Brandt')
    await other.next('Auth.authenticated')
    await other.page.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    await tab.start()
    t.strictSame(await tab.command('Auth.logout'), { value: undefined })
    // Of the answer to its own request and the LogoutEvent on its socket, the tab goes by what is there first.
    t.match(await tab.next('Auth.loggedOut'), { data: { status: /^20[04]$/ } })
    t.match(await other.next('Auth.loggedOut'), { data: { status: 200 } })
    t.strictSame(await other.command('MessagingService.startConversation'), { reason: 'Cannot start conversation' })
    const left = await other.page.evaluate(() => Object.keys(localStorage).filter(key => /gcatkn|gcartkn|Token/.test(key)))
    t.strictSame(left, [])
  })

  await t.test('a quick reply is sent as what it is', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    const postback = { action: 'Message', text: 'Opening hours', payload: 'hours' }
    t.strictSame(await tab.command('MessagingService.sendMessage', { type: 'quickReply', postback }), { value: undefined })
    await until('it comes back', async () => (await tab.texts('Inbound')).includes('Opening hours'))
    const said = (await tab.events('MessagingService.messagesReceived')).flatMap(({ data }) => (data as { messages: { text?: string }[] }).messages)
    t.match(said.find(({ text }) => text === 'Opening hours'), {
      type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse: { type: 'QuickReply', text: 'Opening hours', payload: 'hours' } }]
    })
  })

  await t.test('a list and a form are answered by a page that shows them itself', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    await tab.say('What would you recommend?')
    await until('the list is there', async () => (await tab.texts('Outbound')).includes('What are you interested in?'))
    await tab.say('We are a group')
    await until('the form is there', async () => (await tab.texts('Outbound')).includes('A trip for your group'))
    await tab.reload()
    type Formatted = { id: string, contentType?: string, state?: string, listPicker?: { sections: object[] }, form?: { cannedResponseId: string, formPages: object[] } }
    const restored = async () => ((await tab.next('MessagingService.restored')).data as { messages: Formatted[] }).messages
    const list = (await restored()).find(({ contentType }) => contentType === 'listpicker')!
    const form = (await restored()).find(({ contentType }) => contentType === 'form')!
    t.match(list, { listPicker: { sections: [{ title: 'On a tour', items: [{ id: 'first-light' }] }, { title: 'On your own' }] } })
    t.match(form, { form: { formPages: { length: 4 }, showSummary: true } })

    const send = (type: string, postback: object) => tab.command('MessagingService.sendMessage', { type, postback })
    t.match(await send('listPicker', { id: list.id, text: 'None' }), { reason: /selectedOptions is missing/ })
    t.match(await send('form', { id: form.id, text: 'None' }), { reason: /formData is missing/ })
    const selectedOptions = [{ text: 'First light', payload: 'first-light' }, { text: 'Moonrise paddle', payload: 'moonrise' }]
    t.strictSame(await send('listPicker', { id: list.id, text: 'First light, Moonrise paddle', selectedOptions }), { value: undefined })
    t.match((await tab.next('MessagingService.repliedMessage')).data, {
      type: 'listPicker',
      text: 'First light, Moonrise paddle',
      metadata: { parentMessageId: list.id },
      payload: [{ text: 'First light', id: 'first-light' }, { text: 'Moonrise paddle', id: 'moonrise' }]
    })
    t.match((await tab.next('MessagingService.messagesUpdated')).data, { updatedMessages: [{ id: list.id, state: 'consumed', contentType: 'listpicker' }] })
    const { cannedResponseId } = form.form!
    const formData = [{ id: 'name', text: 'Ada', payload: 'Ada' }]
    t.strictSame(await send('form', { id: form.id, text: 'Request', cannedResponseId, formData }), { value: undefined })
    t.match((await tab.next('MessagingService.repliedMessage', 2)).data, {
      type: 'form', text: 'Request', originatingMessageId: form.id, response: [{ id: 'name', component: { buttonResponse: { type: 'Form', payload: 'Ada' } } }]
    })
    t.match((await tab.next('MessagingService.messagesUpdated', 2)).data, { updatedMessages: [{ id: form.id, state: 'consumed', contentType: 'form' }] })

    await tab.reload()
    const again = await restored()
    t.match(again.filter(({ id }) => id === list.id || id === form.id), [{ state: 'consumed' }, { state: 'consumed' }], 'also after a reload')
    t.match(again.filter(({ state, contentType }) => !state && contentType === 'listpicker'), [{
      messageType: 'inbound', text: 'First light, Moonrise paddle', payload: [{ text: 'First light', payload: 'first-light' }, { payload: 'moonrise' }]
    }])
    t.strictSame(tab.complaints, [])
  })

  await t.test('what a visitor does on the page is told beside the conversation, and what is wrong with a call is said', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, stepUp)
    const told: { customerCookieId: string, eventName: string, page: { url: string }, attributes: object, traits: object }[] = []
    tab.page.on('request', request => {
      if (request.method() === 'POST' && request.url().endsWith('/webevents')) told.push(request.postDataJSON())
    })
    await tab.visit('/?a=1&code=secret')
    const event = async (name: string) => {
      await until(`${name} is told`, () => told.some(({ eventName }) => eventName === name))
      return told.find(({ eventName }) => eventName === name)!
    }
    t.match(await event('page_viewed'), { page: { url: `${lab.app}/?a=1`, title: /./ }, customerCookieId: /^[0-9a-f-]{36}$/ }, 'by the host page')
    const journey = (name: string, data: object) => tab.command(`Journey.${name}`, data)

    const customAttributes = { tour: 'seal-sands', places: 2, mail: 'ada@example.com' }
    const traitsMapper = [{ fieldName: 'mail', traitName: 'email' }]
    t.strictSame(await journey('record', { eventName: 'basket_filled', customAttributes, traitsMapper }), { value: undefined })
    t.match(await event('basket_filled'), { attributes: customAttributes, traits: { email: 'ada@example.com' } })
    t.strictSame(await journey('recordActionStateChange', { actionId: stepUp, actionState: 'accepted' }), { value: undefined })

    await tab.page.evaluate(() => {
      const document = Reflect.get(globalThis, 'document')
      document.body.insertAdjacentHTML('beforeend', `<form id="f" name="booking"><input name="who"><input name="secret" type="password">
        <button type="submit" class="go">Go</button></form><form id="g"><input name="who"></form><p class="far">far</p>`)
      document.querySelector('#f').addEventListener('submit', (event: { preventDefault (): void }) => event.preventDefault())
      document.querySelector('.far').style.marginTop = '9000px'
    })
    const form = { captureFormDataOnSubmit: true, traitsMapper: [{ fieldName: 'who', traitName: 'givenName' }] }
    await journey('formsTrack', { selector: '#f', ...form })
    await journey('formsTrack', { selector: '#g', formName: 'other', captureFormDataOnAbandon: true })
    await journey('trackClickEvents', { clickEvents: [{ selector: '.go', eventName: 'go_clicked', customAttributes: { from: 'form' } }] })
    await journey('trackInViewport', { inViewportEvents: [{ selector: '.far', eventName: 'far_seen' }] })
    await journey('trackScrollDepth', { scrollDepthEvents: [{ percentage: 90, eventName: 'scrolled' }] })
    await journey('trackIdleEvents', { idleEvents: [{ idleAfterSeconds: 1, eventName: 'idle' }] })
    await tab.page.locator('#f [name=who]').fill('Ada')
    await tab.page.locator('#f [name=secret]').fill('a-secret')
    await tab.page.locator('.go').click()
    t.match(await event('form_submitted'), { attributes: { formName: 'booking', who: 'Ada' }, traits: { givenName: 'Ada' } })
    t.match(await event('go_clicked'), { attributes: { from: 'form' } })
    await tab.page.locator('.far').scrollIntoViewIfNeeded()
    t.match(await event('far_seen'), { attributes: { selector: '.far' } })
    t.match(await event('scrolled'), { attributes: { percentage: 90 } })
    t.match(await event('idle'), { attributes: { idleAfterSeconds: 1 } })
    await tab.page.locator('#g [name=who]').fill('Grace')
    const before = told[0]!.customerCookieId

    const wrong: [string, object, RegExp][] = [
      ['pageview', { pageLocation: 'javascript:alert(1)' }, /pageLocation must be the URL of a page/],
      ['record', {}, /eventName must be of letters, digits and underscores/],
      ['record', { eventName: 'a', customAttributes: { a: {} } }, /customAttributes must be an object of texts/],
      ['record', { eventName: 'a', customAttributes: Object.fromEntries(['a', 'b', 'c'].map(name => [name, 'x'.repeat(900)])) }, /not be over 2048 bytes/],
      ['record', { eventName: 'a', traitsMapper: [{ fieldName: 'a', traitName: 'shoeSize' }] }, /traitName is one of givenName, familyName, email, cellPhone/],
      ['formsTrack', { selector: '##' }, /selector must be a CSS selector/],
      ['trackClickEvents', {}, /clickEvents must be a list/],
      ['trackIdleEvents', { idleEvents: [{ idleAfterSeconds: 0 }] }, /idleAfterSeconds must be a number from 1/],
      ['trackScrollDepth', { scrollDepthEvents: [{ percentage: 101 }] }, /percentage must be a number from 1 to 100/],
      ['recordActionStateChange', { actionId: '1', actionState: 'accepted' }, /actionId must be a UUID/],
      ['recordActionStateChange', { actionId: stepUp, actionState: 'dreamt' }, /actionState must be one of/]
    ]
    for (const [name, data, reason] of wrong) t.match(await journey(name, data), { reason }, `${name} ${JSON.stringify(data).slice(0, 60)}`)
    t.notMatch(JSON.stringify(told), /secret/, 'no password, no code')

    await tab.signIn('Bob Brandt')
    await until('the page is viewed again', () => told.filter(({ eventName }) => eventName === 'page_viewed').length > 1)
    t.equal(told.findLast(({ eventName }) => eventName === 'page_viewed')?.customerCookieId, before, 'who signs in is who was there before')
    await tab.start()
    await tab.say('Here I am, after all that')
    const desk = new Desk(lab.genesys)
    const listed = (await desk.list('?pageSize=100')).entities
    const { conversationId } = listed.find(({ guest, deploymentId }) => guest.name === 'Bob Brandt' && deploymentId === stepUp)!
    type Journey = { traits: object, events: { eventName: string, attributes: object }[] }
    const { traits, events } = (await desk.ask<Journey>('GET', `/desk/conversations/${conversationId}/journey`)).body
    t.same(traits, { email: 'ada@example.com', givenName: 'Ada' })
    t.match(events.find(({ eventName }) => eventName === 'form_abandoned'), { attributes: { formName: 'other', who: 'Grace' } }, 'also what was told while the page was left')
    t.ok(['basket_filled', 'action_accepted', 'scrolled'].every(name => events.some(({ eventName }) => eventName === name)))
    await tab.command('Auth.logout')
    await tab.command('Journey.record', { eventName: 'after_sign_out' })
    t.not((await event('after_sign_out')).customerCookieId, before, 'and whoever comes after the sign-out is not')
    t.strictSame(tab.complaints, [])
  })
}
