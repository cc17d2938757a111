import { AxeBuilder } from '@axe-core/playwright'
import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** What a command of the page API is given, what it answers, and what is published by it. */
interface Row {
  command: string
  data?: unknown
  /** what it resolves with; left out where it is rejected */
  value?: unknown
  reason?: string | RegExp
  /** by their names, with what their data matches */
  published?: Record<string, unknown>
}

const noKnowledge = 'Knowledge is not enabled in your configuration.'
const noCobrowse = 'Co-browse is not available: it needs Genesys Cloud.'
const noWindow = 'Messenger user interface must be enabled in your configuration.'
const ended = (what: string) => `Conversation session has ended, start a new session to ${what}`

const rejected = (plugin: string, commands: string[], reason: string): Row[] => commands.map(name => ({ command: `${plugin}.${name}`, reason }))

const cobrowse = rejected('CobrowseService', [
  'acceptSession', 'declineSession', 'offerState', 'stopSession', 'acceptControl', 'declineControl', 'startDrawing', 'stopDrawing',
  'acceptNavigation', 'declineNavigation'
], noCobrowse)

const withWindow: Row[] = [
  { command: 'GenesysJS.configuration', value: { id: anonymous } },
  { command: 'Messenger.close', reason: 'Messenger is already closed.' },
  { command: 'Messenger.configure', data: { config: { lang: 'de-de' } }, value: undefined },
  { command: 'Messenger.configure', data: { config: { lang: 'in German' } }, reason: /a language tag such as en-us/ },
  { command: 'Messenger.configure', data: {}, reason: /takes \{config: \{lang\}\}/ },
  { command: 'Messenger.openSearch', reason: noKnowledge },
  { command: 'Messenger.openCobrowse', reason: 'Co-browse is not enabled in your configuration.' },
  { command: 'Launcher.hide', value: undefined, published: { 'Launcher.hidden': {} } },
  { command: 'Launcher.show', value: undefined, published: { 'Launcher.visible': {} } },

  { command: 'Database.set', data: { messaging: { customAttributes: { tier: 'gold' } } }, value: {}, published: { 'Database.updated': { messaging: { customAttributes: { tier: 'gold' } } } } },
  { command: 'Database.set', data: { messaging: { customAttributes: { tour: 'dawn' } } }, value: {} },
  { command: 'Database.get', data: { name: 'messaging.customAttributes' }, value: { tier: 'gold', tour: 'dawn' } },
  { command: 'Database.update', data: { messaging: { customAttributes: { cart: { seats: 2 } } } }, value: {} },
  { command: 'Database.update', data: { messaging: { customAttributes: { cart: { seals: true } } } }, value: {} },
  { command: 'Database.get', data: { name: 'messaging.customAttributes.cart' }, value: { seats: 2, seals: true } },
  { command: 'Database.get', value: { messaging: {} } },
  { command: 'Database.get', data: { name: 'no.such' }, value: undefined },
  { command: 'Database.remove', data: { name: 'messaging.customAttributes.cart' }, value: undefined, published: { 'Database.removed': { messaging: { customAttributes: { tier: 'gold' } } } } },
  { command: 'Database.get', data: { name: 'messaging.customAttributes.cart' }, value: undefined },
  { command: 'Database.remove', reason: 'Database.remove takes a name' },

  { command: 'Toaster.accept', reason: 'There is no toaster open.' },
  { command: 'Toaster.open', data: {}, reason: 'A toaster needs a title or a body.', published: { 'Toaster.error': { message: 'A toaster needs a title or a body.' } } },
  { command: 'Toaster.open', data: { title: 'Dawn tour', body: 'Two seats are left.', buttons: { type: 'binary', primary: 'Book', secondary: 'Later' } }, value: undefined, published: { 'Toaster.opened': {} } },
  { command: 'Toaster.open', data: { title: 'Another' }, reason: 'Toaster is already opened.' },
  { command: 'Toaster.accept', value: undefined, published: { 'Toaster.accepted': {}, 'Toaster.closed': {} } },
  { command: 'Toaster.open', data: { body: 'Again' }, value: undefined },
  { command: 'Toaster.decline', value: undefined, published: { 'Toaster.declined': {} } },
  { command: 'Toaster.open', data: { body: 'And again' }, value: undefined },
  { command: 'Toaster.close', value: undefined },

  { command: 'Engage.accept', reason: 'There is no invitation to answer.' },
  { command: 'Engage.invite', data: { engageContent: { offerText: 'x'.repeat(71) } }, reason: /longer than 70/, published: { 'Engage.inviteError': { message: /longer than 70/ } } },
  { command: 'Engage.invite', data: { engageContent: { offerText: 'Shall we book?' } }, value: undefined, published: { 'Engage.inviteOffered': { engageContent: { offerText: 'Shall we book?' } } } },
  { command: 'Engage.invite', reason: 'There is an invitation already.' },
  { command: 'Engage.reject', value: undefined, published: { 'Engage.inviteRejected': {} } },

  ...rejected('KnowledgeService', [
    'search', 'getSuggestions', 'getCategories', 'getArticle', 'getArticlesByCategory', 'getTopViewedArticles', 'sendFeedback', 'getSession'
  ], noKnowledge),
  ...cobrowse,
  { command: 'Identifiers.purgeAll', value: undefined },

  { command: 'AuthProvider.getAuthCode', reason: /./ },
  { command: 'AuthProvider.sing', reason: 'Command AuthProvider.sing is not available; did you mean AuthProvider.signIn?' },
  { command: 'Auth.refreshToken', reason: /./ },
  { command: 'Auth.logout', value: undefined },
  { command: 'Auth.signIn', reason: 'Please check your session upgrade option is enabled in your configuration.' },

  { command: 'MessagingService.fetchHistory', reason: 'Not able to fetch history' },
  { command: 'MessagingService.joinConversation', reason: 'Cannot start conversation' },
  { command: 'MessagingService.stepUpConversation', reason: 'No active conversation found to step-up.' },
  { command: 'MessagingService.clearConversation', reason: 'Please check your conversation clear option is enabled in your configuration.' },
  { command: 'MessagingService.requestUpload', data: {}, reason: 'Sending attachments is disabled in the configuration' },
  { command: 'MessagingService.sendMessage', data: {}, value: undefined },
  { command: 'MessagingService.sendMessage', data: { message: '' }, value: undefined },
  { command: 'MessagingService.sendMessage', data: { message: ' \n' }, reason: 'Message only contains whitespaces' },
  { command: 'MessagingService.sendMessage', data: { type: 'song', postback: {} }, reason: /^There are no messages of type song; there are quickReply, card, / },
  { command: 'MessagingService.sendMessage', data: { type: 'quickReply' }, reason: 'A message of type quickReply needs a postback' },
  { command: 'MessagingService.sendMessage', data: { type: 'datePicker', postback: { payload: {} } }, reason: 'postback.payload.dateTime is missing' },
  { command: 'MessagingService.clearTypingTimeout', value: undefined },
  { command: 'MessagingService.getFile', reason: 'There is no id' },
  { command: 'MessagingService.refreshFiles', data: { files: [{ id: 'x' }] }, value: undefined },
  { command: 'MessagingService.downloadFile', reason: 'There is no downloadUrl' },

  { command: 'Messenger.open', value: undefined, published: { 'Messenger.opened': {}, 'Conversations.opened': {}, 'MessagingService.started': { newSession: true }, 'Conversations.started': { newSession: true } } },
  { command: 'Messenger.open', reason: 'Messenger is already opened.' },
  { command: 'Messenger.openConversation', value: undefined },
  { command: 'MessagingService.startConversation', reason: 'There is already an active conversation' },
  { command: 'MessagingService.configureConversation', reason: 'There is already an active conversation' },
  { command: 'Messenger.close', value: undefined, published: { 'Messenger.closed': {}, 'Conversations.closed': {} } },

  { command: 'Mesenger.open', reason: 'Command Mesenger.open is not available; did you mean Messenger.open?' },
  { command: 'MessagingService.sendmessage', reason: 'Command MessagingService.sendmessage is not available; did you mean MessagingService.sendMessage?' },
  { command: 'Nobody.knows', reason: 'Command Nobody.knows is not available' },
  { command: 'toString', reason: 'Command toString is not available' }
]

const duringConversation: Row[] = [
  {
    command: 'MessagingService.sendMessage',
    data: { message: ' Is anybody there? ' },
    value: undefined,
    published: {
      'MessagingService.sendingMessage': { message: { type: 'Text', text: 'Is anybody there?', metadata: { id: /./ }, tracingId: /./ } },
      'MessagingService.messagesReceived': { messages: [{ type: 'Text', direction: 'Inbound', text: 'Is anybody there?', channel: { messageId: /./ }, tracingId: /./ }] }
    }
  },
  {
    command: 'MessagingService.sendMessage',
    data: { type: 'card', postback: { text: 'Choose 10:00', payload: 'tour-10:00' } },
    value: undefined,
    published: {
      'MessagingService.messagesReceived': {
        messages: [{
          type: 'Structured', text: 'Choose 10:00', content: [{ contentType: 'ButtonResponse', buttonResponse: { type: 'Button', text: 'Choose 10:00', payload: 'tour-10:00' } }]
        }]
      }
    }
  },
  {
    command: 'MessagingService.sendMessage',
    data: { message: 'x'.repeat(4097) },
    value: undefined,
    published: { 'MessagingService.error': { error: { type: 'response', class: 'string', code: 4011, body: /4096/, tracingId: /./, errorKey: 'messageLengthExceeded' }, errorKey: 'messageLengthExceeded' } }
  },
  { command: 'MessagingService.sendTyping', value: undefined, published: { 'MessagingService.clientTypingStarted': {} } },
  { command: 'MessagingService.sendTyping', value: undefined },
  { command: 'MessagingService.fetchHistory', value: { messages: [], pageNumber: 1, pageSize: 25 }, published: { 'MessagingService.oldMessages': { messages: [] }, 'MessagingService.historyComplete': {} } },
  { command: 'MessagingService.fetchHistory', value: 'All the messages are fetched' },
  { command: 'MessagingService.requestUpload', data: {}, reason: 'There is no file to upload' },
  {
    command: 'MessagingService.getFile',
    data: { id: 'no-such' },
    value: undefined,
    published: { 'MessagingService.error': { error: { code: 4009 } } }
  },
  { command: 'MessagingService.deleteFile', data: { id: 'no-such' }, value: undefined },
  { command: 'MessagingService.resetConversation', reason: 'Conversation reset is not allowed. Check your configuration if Read only conversation disconnect is enabled.' }
]

const afterConversation: Row[] = [
  { command: 'MessagingService.sendMessage', data: { message: 'too late' }, reason: ended('send a message.') },
  { command: 'MessagingService.sendMessage', data: { type: 'quickReply', postback: { text: 'too late' } }, reason: ended('send a message.') },
  { command: 'MessagingService.sendTyping', reason: ended('send a typing indicator.') },
  { command: 'MessagingService.requestUpload', data: {}, reason: ended('upload a file.') },
  { command: 'MessagingService.deleteFile', data: { id: 'x' }, reason: ended('delete a file.') },
  { command: 'MessagingService.resetConversation', value: undefined, published: { 'MessagingService.conversationReset': { newSession: true, readOnly: false } } },
  { command: 'MessagingService.clearConversation', value: undefined, published: { 'MessagingService.conversationCleared': { type: 'message', class: 'SessionClearedEvent' } } },
  { command: 'MessagingService.clearConversation', reason: 'There is no active conversation found to clear.' },
  { command: 'MessagingService.startConversation', value: undefined },
  { command: 'MessagingService.clearSession', value: undefined, published: { 'MessagingService.sessionCleared': {} } }
]

const headless: Row[] = [
  ...['open', 'close', 'openConversation', 'openSearch', 'openCobrowse'].map(name => ({ command: `Messenger.${name}`, reason: noWindow })),
  { command: 'Launcher.show', reason: 'Invalid configuration of Launcher button' },
  { command: 'Toaster.open', data: { title: 'Hello' }, reason: noWindow },
  { command: 'Engage.invite', value: undefined },
  { command: 'Engage.accept', value: undefined, published: { 'Engage.inviteAccepted': {} } },
  { command: 'Messenger.clear', value: undefined, published: { 'Messenger.cleared': {} } },
  { command: 'MessagingService.startConversation', reason: 'The Messenger has been cleared. It is there again once the page is reloaded.' }
]

const knowledge = {
  articles: [
    { id: 'hours', title: 'Opening hours', body: 'We open at nine.', category: 'Visits' },
    { id: 'dogs', title: 'Dogs', body: 'Dogs are welcome, on a lead, in all opening hours.', category: 'Visits' },
    { id: 'prices', title: 'Prices', body: 'A seat is 24 pounds.' }
  ]
}
const withArticles: Row[] = [
  {
    command: 'KnowledgeService.search',
    data: { query: 'opening', pageSize: 3, queryType: 'ManualSearch' },
    value: { total: 2, searchId: /./, results: [{ document: { id: 'hours' }, confidence: 1 }, { document: { id: 'dogs' } }] },
    published: { 'KnowledgeService.searchResults': { total: 2 } }
  },
  { command: 'KnowledgeService.search', data: { query: 'whales' }, value: { results: [] }, published: { 'KnowledgeService.noSearchResultsFound': { query: 'whales' } } },
  { command: 'KnowledgeService.getSuggestions', data: { query: 'pri', pageSize: 3 }, value: { suggestions: [{ id: 'prices', title: 'Prices' }] }, published: { 'KnowledgeService.suggestions': {} } },
  { command: 'KnowledgeService.getSuggestions', data: { query: '' }, value: { suggestions: [] }, published: { 'KnowledgeService.noSuggestionsFound': {} } },
  { command: 'KnowledgeService.getCategories', value: { categories: [{ id: 'Visits', name: 'Visits' }] }, published: { 'KnowledgeService.categories': {} } },
  { command: 'KnowledgeService.getArticle', data: { articleId: 'dogs' }, value: { article: { title: 'Dogs' } }, published: { 'KnowledgeService.article': {} } },
  { command: 'KnowledgeService.getArticle', data: { articleId: 'cats' }, value: {}, published: { 'KnowledgeService.noArticleFound': { articleId: 'cats' } } },
  { command: 'KnowledgeService.getArticlesByCategory', data: { categoryId: 'Visits' }, value: { articles: [{ id: 'hours' }, { id: 'dogs' }] }, published: { 'KnowledgeService.articlesByCategory': {} } },
  { command: 'KnowledgeService.getArticlesByCategory', data: { categoryId: 'x' }, value: { articles: [] }, published: { 'KnowledgeService.noArticlesByCategoryFound': {} } },
  { command: 'KnowledgeService.getTopViewedArticles', data: { pageSize: 1 }, value: { articles: [{ id: 'hours' }] }, published: { 'KnowledgeService.topViewedArticles': {} } },
  { command: 'KnowledgeService.sendFeedback', data: { documentId: 'dogs', rating: 'Positive' }, value: undefined, published: { 'KnowledgeService.feedbackSent': { documentId: 'dogs' } } },
  { command: 'KnowledgeService.sendFeedback', data: { documentId: 'dogs', rating: 5 }, reason: 'The rating has to be Positive or Negative' },
  { command: 'KnowledgeService.sendFeedback', data: { documentId: 'cats', rating: 'Positive' }, reason: 'There is no article cats' },
  { command: 'KnowledgeService.getSession', value: { sessionId: /./ } },
  { command: 'Messenger.openSearch', reason: 'The window has no search: the page can show what KnowledgeService finds.' }
]

/** Every command of the page API: what it resolves with, publishes, and is rejected with. */
export async function pageApiContractInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'every command of the page API answers as documented in Chromium')
  if (!chromium) return

  /** Run the rows one after the other; no command may leave the page without an answer. */
  async function check (t: Test, tab: MessengerPage, rows: Row[]) {
    for (const { command, data, value, reason, published = {} } of rows) {
      const name = `${command} ${JSON.stringify(data) ?? ''}`.slice(0, 100)
      const before = await tab.page.evaluate(() => (globalThis as unknown as PageGlobals).recorded.length)
      const answer = await Promise.race([tab.command(command, data), tab.page.waitForTimeout(10_000).then(() => ({ reason: 'it hangs' }))])
      if (reason === undefined) t.match(answer, { value, reason: undefined }, name)
      else t.match(answer, { reason }, name)
      for (const [event, expected] of Object.entries(published)) {
        const seen = async () => (await tab.page.evaluate(before => (globalThis as unknown as PageGlobals).recorded.slice(before), before))
          .flatMap(published => published.event === event ? [published.data] : [])
        await until(`${name} has published ${event}`, async () => (await seen()).some(data => fits(data, expected)), 10_000).catch(() => {})
        const all = await seen()
        t.match(all.find(data => fits(data, expected)) ?? all.at(-1), expected, `${name} publishes ${event}`)
      }
    }
  }
  const open = async (t: Test, deploymentId: string, change?: object) => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, deploymentId, change)
    return await tab.visit()
  }

  await t.test('with a window, each command answers, whether there is something to do or not', async t => {
    const tab = await open(t, anonymous)
    t.strictSame(await tab.events('MessagingService.ready'), [], 'which comes with the window, or the first command')
    await check(t, tab, withWindow)
    t.equal((await tab.events('MessagingService.ready')).length, 1)
    for (const plugin of ['Messenger', 'Launcher', 'Database', 'Conversations', 'Auth', 'Toaster', 'Engage', 'Identifiers']) {
      t.equal((await tab.events(`${plugin}.ready`)).length, 1, `${plugin}.ready`)
    }
    for (const plugin of ['KnowledgeService', 'Knowledge', 'CobrowseService']) {
      t.strictSame(await tab.events(`${plugin}.ready`), [], `${plugin} is not there`)
    }
    t.strictSame(tab.complaints, [])
  })

  await t.test('during a conversation and after it each command answers as its state demands', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    t.match((await tab.next('MessagingService.sendingMessage')).data, {
      message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }], metadata: { id: /./ }, tracingId: /./ }
    }, 'the conversation starts by itself')
    await until('the Join comes back', async () => (await tab.events('MessagingService.messagesReceived'))
      .some(({ data }) => fits(data, { messages: [{ type: 'Event', events: [{ presence: { type: 'Join' } }] }] })))
    t.match((await tab.events('MessagingService.sessionDurationConfigured')).map(({ data }) => data), [{ sessionDurationSeconds: 72 * 60 * 60 }])
    const { durationSeconds, expirationDate } = (await tab.next('MessagingService.sessionTimingUpdated')).data as Record<string, number>
    t.equal(durationSeconds, 72 * 60 * 60)
    t.ok(Math.abs(expirationDate! - Date.now() - durationSeconds! * 1000) < 60_000, 'in milliseconds')
    t.match((await tab.next('MessagingService.allowedFileTypes')).data, {
      connected: true, newSession: true, allowedMedia: { inbound: { fileTypes: [{ type: 'image/png' }] } }
    })
    await check(t, tab, duringConversation)
    await tab.disconnect(stepUp)
    t.match((await tab.next('MessagingService.conversationDisconnected')).data, { message: { type: 'Event', events: [{ presence: { type: 'Disconnect' } }] }, readOnly: true })
    t.match((await tab.next('MessagingService.readOnlyConversation')).data, { type: 'Event', metadata: { readOnly: 'true' } })
    await check(t, tab, afterConversation)
  })

  await t.test('without a window the service is there at once, and what needs a window says so', async t => {
    const tab = await open(t, anonymous, { headlessMode: { enabled: true } })
    t.equal((await tab.events('MessagingService.ready')).length, 1)
    await tab.next('MessagingService.started')
    await check(t, tab, headless)
    t.strictSame(tab.complaints, [])
  })

  await t.test('the articles of a deployment are found', async t => {
    const tab = await open(t, anonymous, { knowledge })
    t.equal((await tab.events('KnowledgeService.ready')).length, 1)
    await check(t, tab, withArticles)
  })

  await t.test('what is written without a connection opens one, and goes with it', async t => {
    const tab = await open(t, anonymous)
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: 'first of all' }), { value: undefined })
    await until('it is said', async () => (await tab.texts('Inbound')).includes('first of all'))
    t.match(await tab.events('MessagingService.started'), { length: 1 })
    const other = await open(t, anonymous)
    t.strictSame(await other.command('MessagingService.sendTyping'), { value: undefined })
    t.strictSame(await other.command('MessagingService.sendTyping'), { value: undefined })
    await other.next('MessagingService.clientTypingStarted')
    t.strictSame((await other.page.evaluate(() => (globalThis as unknown as PageGlobals).recorded))
      .flatMap(({ event }) => /started|TypingStarted/.test(event) && event.startsWith('MessagingService') ? [event] : []),
    ['MessagingService.started', 'MessagingService.clientTypingStarted'], 'once, as soon as there is a connection')
  })

  await t.test('the window bears the title that the deployment has for the language of the page', async t => {
    const titleIn = (language: string, value: string) => ({ language, localizedLabels: [{ key: 'MessengerHomeHeaderTitle', value }] })
    const tab = await open(t, anonymous, { defaultLanguage: 'en-us', customI18nLabels: [titleIn('en-us', 'Ask us'), titleIn('de-de', 'Fragen Sie uns')] })
    await tab.command('Messenger.open')
    const title = async () => {
      const heading = tab.page.getByRole('dialog', { name: 'Messenger' }).getByRole('heading', { level: 2 })
      return [await heading.textContent(), await heading.getAttribute('lang')]
    }
    t.strictSame(await title(), ['Ask us', 'en-us'])
    await tab.command('Messenger.configure', { config: { lang: 'de-DE' } })
    t.strictSame(await title(), ['Fragen Sie uns', 'de-de'])
    await tab.command('Messenger.configure', { config: { lang: 'fr-fr' } })
    t.strictSame(await title(), ['Ask us', 'en-us'], 'one that it has no words for is as if none was named')
  })

  await t.test('history comes formatted, newest first, page by page', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    await tab.say('help')
    await tab.say('Hi')
    await tab.say('Which tours are there?')
    await until('the agent offers tours', async () => (await tab.events('MessagingService.messagesReceived'))
      .some(({ data }) => fits(data, { messages: [{ content: [{ contentType: 'Carousel' }] }] })))
    await tab.reload()
    const { data } = await tab.next('MessagingService.restored')
    const { messages, ...page } = data as { messages: Record<string, unknown>[] }
    t.strictSame(page, { pageNumber: 1, pageSize: 25 })
    t.ok(messages.every((message, index) => index === 0 || String(message['time']) < String(messages[index - 1]!['time'])), 'newest first')
    t.match(messages.find(({ text }) => text === 'help'), {
      id: /./, type: 'text', messageType: 'inbound', text: 'help', timestamp: /Z$/, files: [], quickReplies: [], card: {}, carousel: { cards: [] }
    })
    t.match(messages.find(({ contentType }) => contentType === 'quick-replies'), {
      type: 'structured', messageType: 'outbound', from: { nickname: 'Robin', name: 'Robin' }, originatingEntity: 'Bot', quickReplies: [{ id: /./, text: /./, payload: /./, action: 'Message' }]
    })
    t.match(messages.find(({ contentType }) => contentType === 'carousel'), {
      carouselType: 'Cards',
      carousel: { cards: [{ id: /./, title: /./, description: /./, imageUrl: /^/, actions: undefined, buttons: [{ type: 'Postback', text: /./, payload: /./ }] }] }
    })
    t.match(messages.at(-1), { type: 'event', messageType: 'inbound', eventType: 'Presence', presence: { type: 'Join' } }, 'with who has come')
    t.notOk(messages.some(message => 'direction' in message || 'content' in message || 'channel' in message), 'nothing of the wire')
    t.match((await tab.next('MessagingService.readOnlyConversation')).data, { class: 'SessionResponse', body: { readOnly: false } })
    t.match((await tab.events('MessagingService.started')).map(({ data }) => data), [{ newSession: false }])
    await tab.next('MessagingService.historyComplete')
  })

  await t.test('a date is chosen once, and the page hears that it is', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    const id = 'picker-1'
    const availableTimes = ['2031-05-02T12:00:00.000Z', '2031-05-01T12:00:00.000Z'].map(dateTime => ({ dateTime, duration: 3600 }))
    const question = {
      type: 'Structured',
      direction: 'Outbound',
      id,
      text: 'When?',
      channel: { time: '2031-01-01T00:00:00.000Z', messageId: id, from: { nickname: 'Robin' } },
      content: [{ contentType: 'DatePicker', datePicker: { title: 'Tour', subtitle: 'At dawn', availableTimes } }]
    }
    let push = (_body: object) => {}
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      socket.connectToServer()
      push = body => socket.send(JSON.stringify({ type: 'message', class: 'StructuredMessage', code: 200, body }))
    })
    await tab.visit()
    await tab.start()
    await tab.next('MessagingService.messagesReceived')
    push(question)
    const postback = { id, payload: { dateTime: '2031-05-01T12:00:00.000Z', duration: '3600' }, text: '1 May at noon' }
    t.strictSame(await tab.command('MessagingService.sendMessage', { type: 'datePicker', postback }), { value: undefined })
    t.match((await tab.next('MessagingService.repliedMessage')).data, {
      id: /./, type: 'datePicker', metadata: { id: /./, parentMessageId: id }, scheduledTime: '2031-05-01T12:00:00.000Z', scheduledMessage: '1 May at noon'
    })
    t.match((await tab.next('MessagingService.messagesUpdated')).data, {
      updatedMessages: [{
        id,
        type: 'structured',
        messageType: 'outbound',
        contentType: 'datepicker',
        state: 'consumed',
        updatedTime: /Z$/,
        datePicker: { id, title: 'Tour', description: 'At dawn', availableTimes: [...availableTimes].reverse() }
      }]
    })
    const sent = (await tab.events('MessagingService.sendingMessage')).map(({ data }) => (data as { message: object }).message).at(-1)
    t.match(sent, {
      type: 'Structured',
      text: undefined,
      metadata: { parentMessageId: id },
      content: [{ contentType: 'ButtonResponse', buttonResponse: { type: 'DatePicker', text: '1 May at noon', payload: '2031-05-01T12:00:00.000Z' } }]
    })
    push({ type: 'Event', direction: 'Outbound', id: 'typing', channel: {}, events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] })
    await until('typing is told', async () => (await tab.events('MessagingService.typingReceived'))
      .some(({ data }) => fits(data, { typing: { type: 'On', durationMs: 5000 } })))
  })

  await t.test('the small windows of the page are for everybody, and an answer to them counts', async t => {
    const tab = await open(t, anonymous)
    await tab.command('Toaster.open', { title: 'Dawn tour', body: 'Two seats are left.', buttons: { type: 'binary', primary: 'Book', secondary: 'Later' } })
    const toaster = tab.page.getByRole('dialog', { name: 'Dawn tour' })
    await toaster.getByText('Two seats are left.').waitFor()
    const { violations } = await new AxeBuilder({ page: tab.page }).include('genesys-notices').analyze()
    t.strictSame(violations.map(({ id }) => id), [])
    await toaster.getByRole('button', { name: 'Later' }).click()
    await tab.next('Toaster.declined')
    await toaster.waitFor({ state: 'detached' })
    await tab.command('Toaster.open', { title: 'Dawn tour' })
    await toaster.getByRole('button', { name: 'Close' }).press('Escape')
    await tab.next('Toaster.closed', 2)
    await tab.command('Engage.invite', { engageContent: { offerText: 'Shall we help you to choose?' } })
    await tab.page.getByRole('dialog', { name: 'Shall we help you to choose?' }).getByRole('button', { name: 'Chat' }).click()
    await tab.next('Engage.inviteAccepted')
    await tab.page.getByRole('dialog', { name: 'Messenger' }).waitFor()
    t.strictSame(tab.complaints, [])
  })

  await t.test('an invitation that nobody answers is ignored after a minute', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    await tab.page.clock.install()
    await tab.visit()
    await tab.command('Engage.invite', {})
    await tab.page.clock.runFor(61_000)
    await tab.next('Engage.inviteIgnored')
  })

  await t.test('who waits for an event that never comes is told by the console, and by what it may be called', async t => {
    const tab = await open(t, anonymous)
    await tab.page.evaluate(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      for (const event of ['MessagingService.messageReceived', 'MesagingService.ready', 'AuthProvider.anything', 'Database.ready', 'Robin.sings']) {
        Genesys('subscribe', event, () => {})
      }
    })
    t.strictSame(tab.complaints, [
      'There is no event MessagingService.messageReceived; did you mean MessagingService.messagesReceived?',
      'There is no plugin MesagingService so far, to publish MesagingService.ready; did you mean MessagingService.ready?',
      'There is no plugin Robin so far, to publish Robin.sings'
    ])
  })
}

/** Whether something has all that is expected of it: as `t.match`, which asserts and cannot be asked. */
function fits (actual: unknown, expected: unknown): boolean {
  if (expected instanceof RegExp) return expected.test(String(actual))
  if (typeof expected !== 'object' || expected === null) return actual === expected
  if (typeof actual !== 'object' || actual === null) return false
  return Object.entries(expected).every(([key, value]) => fits(Reflect.get(actual, key), value))
}
