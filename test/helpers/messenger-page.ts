import type { BrowserContext, Page } from 'playwright-core'
import { fetch } from '#lib/outbound/outbound.ts'
import { connect } from './guest.ts'
import type { Lab } from './lab.ts'

/** An event of `Genesys('subscribe', …)`, as the page got it. */
export interface PageEvent {
  event: string
  eventName?: string
  data: unknown
}

/** A message, as far as the tests look into it. */
export interface Said {
  tracingId?: string
  text?: string
  metadata?: Record<string, string>
}

/** What a page has on its `globalThis` beside a browser's own. */
export interface PageGlobals {
  Genesys: { (...call: unknown[]): void, q?: unknown[][] | undefined }
  recorded: PageEvent[]
}

const events = {
  GenesysJS: ['ready', 'configurationReceived'],
  Auth: [
    'ready', 'authenticating', 'authenticated', 'loggedOut', 'authError', 'tokenError', 'authProviderError', 'error', 'logoutError',
    'signInAvailable', 'signingIn', 'signedIn', 'signInFailed'
  ],
  MessagingService: [
    'ready', 'started', 'restoring', 'restored', 'sendingMessage', 'messagesReceived', 'messagesUpdated', 'oldMessages', 'historyComplete',
    'typingReceived', 'typingTimeout', 'clientTypingStarted', 'uploading', 'uploadApproved', 'fileUploaded', 'fileUploadError',
    'fileUploadCancelled', 'fileReceived', 'fileDownloaded', 'fileDownloadError', 'fileDeleted', 'customAttributesSizeExceeded',
    'offline', 'reconnecting', 'reconnected', 'conversationDisconnected', 'readOnlyConversation', 'conversationReset',
    'conversationCleared', 'sessionCleared', 'error', 'sessionDurationConfigured', 'sessionTimingUpdated', 'sessionWarning',
    'allowedFileTypes', 'repliedMessage', 'steppedUpConversation', 'stepUpConversationError',
    'cobrowseOffer', 'cobrowseOfferAccepted', 'cobrowseOfferRejected', 'cobrowseOfferExpired'
  ],
  Conversations: ['ready', 'opened', 'started', 'closed', 'error'],
  Database: ['ready', 'updated', 'removed'],
  Messenger: ['ready', 'opened', 'closed', 'cleared'],
  Launcher: ['ready', 'visible', 'hidden'],
  Toaster: ['ready', 'opened', 'accepted', 'declined', 'closed', 'error'],
  Engage: ['ready', 'inviteOffered', 'inviteAccepted', 'inviteRejected', 'inviteIgnored', 'inviteError'],
  Knowledge: ['ready', 'error'],
  KnowledgeService: [
    'ready', 'error', 'searchResults', 'noSearchResultsFound', 'suggestions', 'noSuggestionsFound', 'categories', 'noCategoriesFound',
    'article', 'noArticleFound', 'articlesByCategory', 'noArticlesByCategoryFound', 'topViewedArticles', 'noTopViewedArticlesFound',
    'feedbackSent'
  ],
  CobrowseService: [
    'ready', 'sessionStarted', 'sessionEnded', 'controlRequested', 'controlGranted', 'controlRevoked', 'navigationRequested',
    'navigationGranted', 'navigationDeclined'
  ],
  CobrowseVoice: ['error', 'sessionStarted', 'sessionEnded'],
  Identifiers: ['ready']
}

/** The host page, by what a brand's own scripts can do with the Messenger. */
export class MessengerPage {
  readonly page: Page
  /** errors and warnings of the console, and what nobody has caught */
  readonly complaints: string[] = []
  readonly #lab: Lab

  constructor (page: Page, lab: Lab) {
    this.page = page
    this.#lab = lab
    page.on('console', message => { if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text()) })
    page.on('pageerror', error => { this.complaints.push(String(error)) })
  }

  /**
   * A new tab, whose page is pointed at a deployment.
   *
   * @param change what is different in its configuration
   */
  static async open (context: BrowserContext, lab: Lab, deploymentId?: string, change?: object): Promise<MessengerPage> {
    const page = await context.newPage()
    const messenger = new MessengerPage(page, lab)
    if (deploymentId !== undefined) {
      const config = await (await fetch(`${lab.app}/messenger/config`)).json() as object
      await page.route('**/messenger/config', route => route.fulfill({ json: { ...config, deploymentId } }))
    }
    if (change) {
      const url = `${lab.genesys}/webdeployments/v1/deployments/${deploymentId}/config.json`
      const config = await (await fetch(url)).json() as object
      await page.route(url, route => route.fulfill({ json: { ...config, ...change }, headers: { 'access-control-allow-origin': '*' } }))
    }
    // The vendor's snippet keeps a queue that is there before it, so that these are the first calls of all.
    await page.addInitScript(names => {
      const page = globalThis as unknown as PageGlobals
      page.recorded = []
      const stub: PageGlobals['Genesys'] = (...call) => { (stub.q ??= []).push(call) }
      page.Genesys = stub
      for (const name of names) {
        page.Genesys('subscribe', name, (event: PageEvent) => page.recorded.push(JSON.parse(JSON.stringify(event))))
      }
    }, Object.entries(events).flatMap(([plugin, names]) => names.map(name => `${plugin}.${name}`)))
    return messenger
  }

  /** Open the host page and wait until the script is at work. */
  async visit (path = '/'): Promise<this> {
    await this.page.goto(this.#lab.app + path)
    await this.next('Launcher.ready')
    return this
  }

  async reload (): Promise<void> {
    await this.page.reload()
    await this.next('Launcher.ready')
  }

  /** Sign in to the brand's application; the Messenger gets its own code by that. */
  async signIn (name: string): Promise<this> {
    await this.page.goto(`${this.#lab.app}/login`)
    await this.page.getByRole('button', { name: `Sign in as ${name}` }).click()
    await this.page.getByRole('banner').getByText(name, { exact: true }).waitFor()
    await this.next('Auth.authenticated')
    return this
  }

  /** Run a command: what it resolved with, or else why it was rejected. */
  command (name: string, data?: unknown): Promise<{ value?: unknown, reason?: unknown }> {
    return this.page.evaluate(([name, data]) => new Promise(resolve => {
      const { Genesys } = globalThis as unknown as PageGlobals
      Genesys('command', name, data, (value: unknown) => resolve({ value }), (reason: unknown) => resolve({ reason }))
    }), [name, data] as const)
  }

  /** Send a message, and wait until it has arrived, or else why it has not; the command itself does not wait for that. */
  say (message: string): Promise<{ value?: Said, reason?: unknown }> {
    return this.page.evaluate(message => new Promise(resolve => {
      const { Genesys } = globalThis as unknown as PageGlobals
      let tracingId: string | undefined
      const arrived = ({ data }: { data: { messages: Said[] } }) => {
        const value = data.messages.find(message => tracingId !== undefined && message.tracingId === tracingId)
        if (value) resolve({ value })
      }
      Genesys('subscribe', 'MessagingService.sendingMessage', ({ data }: { data: { message: Said } }) => {
        if ((data.message.text ?? '') === message) tracingId ??= data.message.tracingId
      })
      for (const event of ['messagesReceived', 'restored']) Genesys('subscribe', `MessagingService.${event}`, arrived)
      Genesys('subscribe', 'MessagingService.error', ({ data }: { data: { error: Said } }) => {
        if (tracingId !== undefined && data.error.tracingId === tracingId) resolve({ reason: data })
      })
      Genesys('command', 'MessagingService.sendMessage', { message }, undefined, (reason: unknown) => resolve({ reason }))
    }), message)
  }

  /** Start a conversation and wait until it is on. */
  async start (): Promise<void> {
    const { reason } = await this.command('MessagingService.startConversation')
    if (reason !== undefined) throw new Error(String(reason))
    await this.next('MessagingService.started')
  }

  /** End the anonymous conversation of the page, as another client of the same guest. */
  async disconnect (deploymentId: string): Promise<void> {
    const token = await this.page.evaluate(id => localStorage.getItem(`_${id}:gcmcsessionToken`), deploymentId)
    const guest = await connect(this.#lab.genesys, { deploymentId, token: token!, origin: this.#lab.app })
    await guest.request('configureSession', { deploymentId })
    await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] } })
    await guest.close()
  }

  /** What was published since the page was loaded. */
  async events (name: string): Promise<PageEvent[]> {
    const recorded = await this.page.evaluate(() => (globalThis as unknown as PageGlobals).recorded)
    return recorded.filter(({ event }) => event === name)
  }

  /** The n-th event of a name, once it is there. */
  async next (name: string, count = 1): Promise<PageEvent> {
    await this.page.waitForFunction(([name, count]) =>
      (globalThis as unknown as PageGlobals).recorded?.filter(({ event }) => event === name).length >= count,
    [name, count] as const, { polling: 25 }).catch(cause => {
      throw new Error(`${name} did not come. The console says: ${this.complaints.join(' ')}`, { cause })
    })
    return (await this.events(name))[count - 1]!
  }

  /** The texts that have arrived, from history or live, in their order. */
  async texts (direction: 'Inbound' | 'Outbound'): Promise<string[]> {
    const [restored, received] = [await this.events('MessagingService.restored'), await this.events('MessagingService.messagesReceived')]
    const messagesIn = ({ data }: PageEvent) => (data as { messages: { direction?: string, messageType?: string, text?: string }[] }).messages
    // What comes from history is formatted, and the newest comes first.
    return [...restored.flatMap(event => messagesIn(event).reverse()), ...received.flatMap(messagesIn)].flatMap(message => {
      const matches = message.direction === direction || message.messageType === direction.toLowerCase()
      return matches && message.text !== undefined ? [message.text] : []
    })
  }
}
