// Three processes of each service on one store: what becomes of a flow in the middle of which one of them, or the store, is killed, and of
// requests while the store is away, silent, full or read-only.
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser, credentialsOf, type Page } from '../helpers/browser.ts'
import { Desk } from '../helpers/desk.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Guest } from '../helpers/guest.ts'
import { fetchHistory, type KeptMessage } from '../helpers/history.ts'
import type { Replica } from '../helpers/replica.ts'
import { startReplicatedLab } from '../helpers/replicated-lab.ts'
import type { Interruption, Moment } from '../helpers/round-robin.ts'
import { until } from '../helpers/until.ts'
import { noValkey, startValkey } from '../helpers/valkey.ts'

// A proxy tries for two seconds, as a command to the store does; the rest is for a machine that others use.
const patienceMs = 5_000
const longestWayMs = 30_000
const people = ['bob', 'carol', 'yuki', 'omar']

interface Tokens { jwt: string, refreshToken: string }

type Point = Pick<Interruption, 'service' | 'method' | 'path'>

const ofSignIn: Record<string, Point> = {
  'the beginning at the relying party': { service: 'relying-party', method: 'GET', path: /^\/login/ },
  'the authorization request': { service: 'idp', method: 'GET', path: /^\/auth\?/ },
  'the sign-in page': { service: 'idp', method: 'POST', path: /^\/interaction\// },
  'the callback': { service: 'relying-party', method: 'GET', path: /^\/callback/ },
  'the exchange of the code': { service: 'idp', method: 'POST', path: /^\/token/ },
  userinfo: { service: 'idp', method: 'GET', path: /^\/me/ }
}
const ofMessengerCode: Record<string, Point> = {
  'the beginning of the Messenger\'s code': { service: 'relying-party', method: 'GET', path: /^\/messenger\/login/ },
  'the silent authorization request': { service: 'idp', method: 'GET', path: /^\/auth\?.*prompt=none/ },
  'the callback of the Messenger\'s code': { service: 'relying-party', method: 'GET', path: /^\/messenger\/callback/ },
  'the hand-over of the Messenger\'s code': { service: 'relying-party', method: 'POST', path: /^\/messenger\/auth-code/ }
}
const ofTokenExchange: Record<string, Point> = {
  'the token exchange at Genesys': { service: 'genesys', method: 'POST', path: /oauthcodegrantjwtexchange$/ },
  'the exchange of the Messenger\'s code': { service: 'idp', method: 'POST', path: /^\/token/ }
}
const ofHistory: Point = { service: 'genesys', method: 'GET', path: /^\/api\/v2\/webmessaging\/messages/ }
const ofRevocation: Point = { service: 'genesys', method: 'DELETE', path: /revoke$/ }
const ofSignOut: Record<string, Point> = {
  'signing out': { service: 'relying-party', method: 'POST', path: /^\/logout/ },
  'signing out at the provider': { service: 'idp', method: 'GET', path: /^\/session\/end\?/ }
}

/** A browser in the hands of somebody who goes on, however a page has ended. */
class PatientBrowser extends Browser {
  longestMs = 0
  #last: { page: Page, fields: Record<string, string>, button: string | undefined } | undefined

  override async request (...request: Parameters<Browser['request']>): Promise<Page> {
    const since = performance.now()
    const page = await super.request(...request)
    this.longestMs = Math.max(this.longestMs, performance.now() - since)
    return page
  }

  override async submit (page: Page, fields: Record<string, string> = {}, button?: string): Promise<Page> {
    this.#last = { page, fields, button }
    return super.submit(page, fields, button)
  }

  /** Do what a page offers, or load it again where it offers nothing. */
  async goOn (page: Page, username: string): Promise<Page> {
    if (page.$('input[name=username]').length > 0) return this.submit(page, credentialsOf(this.lab.user(username)))
    if (page.url === `${this.lab.app}/` && page.status === 200) return this.open(`${this.lab.app}/login`)
    for (const button of ['Allow', 'Sign out', 'Continue']) if (page.$(`button:contains("${button}")`).length > 0) return this.submit(page, {}, button)
    const way = page.$('.ways a').first().attr('href')
    if (way !== undefined) return this.open(new URL(way, page.url).href)
    // Load it again, which sends a form once more.
    const { page: before, fields, button } = this.#last ?? {}
    return before && page.url === formOf(before) ? this.submit(before, fields, button) : this.open(page.url)
  }
}

const nobodysCode = (app: string): Handover =>
  ({ authCode: 'made-up', redirectUri: `${app}/messenger/callback`, nonce: 'made-up', codeVerifier: 'a'.repeat(43), iss: '' })

const formOf = (page: Page) => new URL(page.$('form').first().attr('action') ?? page.url, page.url).href

const reason = await noValkey()
if (reason !== undefined) {
  t.test('replicas that are killed', { skip: reason }, async () => {})
} else {
  const server = await startValkey(t, '--appendonly', 'yes', '--appendfsync', 'always')
  const lab = await startReplicatedLab(t, server.url)

  const api = new GenesysApi(lab)
  const desk = new Desk(lab.genesys)

  for (const [victim, moment, about] of [
    ['replica', 'received', 'a replica is killed when it has got a request'],
    ['replica', 'answered', 'a replica is killed when it has done what it was asked for, before anybody has heard'],
    ['store', 'received', 'the store is killed when a replica has got a request'],
    ['store', 'answered', 'the store is killed when a replica has done what it was asked for']
  ] as const) {
    t.test(`at each step ${about}: people go on, nothing is lost, nothing is done twice`, async t => {
      const { interruptAt, killBehindSocket, canLoseOne, settle, startedAnew } = await interruptions(victim, moment)

      for (const [step, point] of Object.entries(ofSignIn)) {
        const browser = new PatientBrowser(lab)
        await interruptAt(point)
        await signIn(browser, 'alice')
        t.ok(lab.proxy.isDone, step)
        t.ok(browser.longestMs < patienceMs, `${step}: ${Math.round(browser.longestMs)} ms`)
      }

      const username = people.shift()!
      const browser = new PatientBrowser(lab)
      await signIn(browser, username)
      for (const [step, point] of Object.entries(ofMessengerCode)) {
        await interruptAt(point)
        t.match(await fetchCode(browser), { authCode: String, iss: lab.issuer }, step)
        t.ok(lab.proxy.isDone, step)
      }
      let tokens: Tokens
      for (const [step, point] of Object.entries(ofTokenExchange)) {
        await interruptAt(point)
        tokens = await exchange(browser)
        t.ok(lab.proxy.isDone, step)
      }

      await canLoseOne()
      const writer = new Writer(tokens!.jwt)
      await writer.enter(killBehindSocket)
      for (const text of ['the first', 'the second']) {
        await canLoseOne()
        await writer.write(text, moment, killBehindSocket)
      }
      await interruptAt(ofHistory)
      const kept = await writer.history()
      t.ok(lab.proxy.isDone, 'the history')
      await settle()
      t.strictSame(kept.map(({ text }) => text), ['the first', 'the second'], 'each message is there once')
      t.strictSame(kept.map(({ id }) => id).filter(id => writer.acknowledged.has(id)), [...writer.acknowledged], 'under the ids of their echoes')
      const { entities } = await desk.list('?pageSize=100')
      t.equal(entities.filter(({ guest }) => guest.sub === lab.user(username).sub).length, 1, 'in one conversation')
      t.equal((await browser.session()).authenticated, true, 'the person is still signed in')
      t.equal((await api.refresh(tokens!.refreshToken)).status, 200, 'and so is the Messenger')

      await interruptAt(ofRevocation)
      await revoke(tokens!)
      t.ok(lab.proxy.isDone, 'signing out of the Messenger')
      await settle()
      t.equal((await api.refresh(tokens!.refreshToken)).status, 401)
      const copy = new PatientBrowser(lab)
      for (const cookie of await browser.cookies()) await copy.jar.setCookie(cookie, `http://${cookie.domain}`)
      for (const [step, point] of Object.entries(ofSignOut)) {
        if (!(await browser.session()).authenticated) await signIn(browser, username)
        await interruptAt(point)
        await signOut(browser)
        t.ok(lab.proxy.isDone, step)
        await settle()
        t.equal((await browser.session()).authenticated, false)
      }
      t.equal((await copy.session()).authenticated, false, 'for a copy of the cookies too')

      if (victim === 'store') t.strictSame(startedAnew(), [], 'no process had to be started anew')
      t.ok(browser.longestMs < patienceMs, `no page took longer than ${Math.round(browser.longestMs)} ms`)
      const redeemed = lab.proxy.exchanges.filter(({ path, status }) => path === '/token' && status === 200)
        .map(({ body }) => new URLSearchParams(body).get('code')).filter(code => code !== null)
      t.equal(new Set(redeemed).size, redeemed.length, `${redeemed.length} codes were redeemed, each once`)
    })
  }

  const troubles: Record<string, { begin: () => Promise<unknown>, end: () => Promise<unknown>, says: RegExp }> = {
    away: { begin: () => server.kill(), end: () => server.start(), says: /cannot be reached: start it/ },
    // And each new connection fails, by and by.
    silent: { begin: () => server.pause(), end: () => server.resume(), says: /has not answered for 2 seconds|cannot be reached/ },
    full: {
      begin: () => server.admin.config('SET', 'maxmemory', '1mb'), end: () => server.admin.config('SET', 'maxmemory', '0'), says: /its memory is full/
    },
    'read-only': { begin: () => server.admin.replicaof('127.0.0.1', 1), end: () => server.admin.replicaof('NO', 'ONE'), says: /names the primary/ }
  }
  for (const [trouble, { begin, end, says }] of Object.entries(troubles)) {
    t.test(`while the store is ${trouble}, each service says so, no request hangs, and all goes on by itself`, async t => {
      await lab.isWhole()
      const { location: authorization } = await new PatientBrowser(lab).request(`${lab.app}/login`)
      await begin()
      // As many of each as there are replicas, which take turns.
      for (let times = 0; times < 3; times++) {
        const browser = new PatientBrowser(lab)
        const page = await browser.request(`${lab.app}/login`)
        t.match({ status: page.status, title: page.$('h1').text() }, { status: 503, title: 'This is not possible right now' })
        const atProvider = await browser.request(authorization!.href)
        t.match({ status: atProvider.status, words: atProvider.$('.lead').text() }, { status: 503, words: /nothing has happened. Try again in a moment/ })
        t.ok(browser.longestMs < patienceMs, `after ${Math.round(browser.longestMs)} ms`)
        const since = performance.now()
        const { status } = await api.exchange(api.exchangeBody(nobodysCode(lab.app)))
        t.equal(status, 503)
        t.ok(performance.now() - since < patienceMs, `after ${Math.round(performance.now() - since)} ms`)
      }
      const readiness = await Promise.all(lab.replicas.map(replica => replica.readiness()))
      for (const [index, { service, url }] of lab.replicas.entries()) {
        t.match(readiness[index], { status: 503, reason: says }, service)
        t.equal((await fetch(`${url}/livez`)).status, 200, 'which is alive')
      }
      await end()
      await lab.isWhole()
      const browser = new PatientBrowser(lab)
      await signIn(browser, 'alice')
      t.match(await exchange(browser), { jwt: String })
    })
  }

  /** What to kill, and when. */
  async function interruptions (victim: 'replica' | 'store', moment: Moment) {
    const before = lab.replicas.map(({ pid }) => pid)
    let restarted: Promise<void> | undefined
    const kill = async (replica: Replica) => {
      if (victim === 'replica') return lab.kill(replica)
      await server.kill()
      restarted = server.start()
    }
    const canLoseOne = async () => {
      await restarted
      await lab.canLoseOne()
    }
    return {
      canLoseOne,
      async settle () {
        await restarted
        await lab.isWhole()
      },
      async interruptAt (point: Point) {
        await canLoseOne()
        lab.proxy.interrupt({ ...point, moment, act: kill })
      },
      killBehindSocket: () => kill(lab.proxy.atSocket!),
      startedAnew: () => lab.replicas.filter(({ pid }, index) => pid !== before[index]).map(({ service }) => service)
    }
  }

  async function signIn (browser: PatientBrowser, username: string): Promise<void> {
    let page = await browser.open(`${lab.app}/login`)
    await until('the person is signed in', async () => {
      if (page.url.startsWith(lab.app) && (await browser.session()).authenticated) return true
      page = await browser.goOn(page, username)
      return false
    }, longestWayMs)
  }

  /** As the host page does. */
  async function fetchCode (browser: PatientBrowser): Promise<Handover> {
    let handover: Handover | undefined
    await until('there is a code for the Messenger', async () => {
      const page = await browser.authCode()
      if (page.status === 200) handover = page.json<Handover>()
      if (page.status === 409) await browser.fetchCode()
      return handover !== undefined
    }, longestWayMs)
    return handover!
  }

  /** As the Messenger does, which asks the page for another code where one is refused. */
  async function exchange (browser: PatientBrowser): Promise<Tokens> {
    let handover = await fetchCode(browser)
    let tokens: Tokens | undefined
    await until('the Messenger has its tokens', async () => {
      const { status, body } = await api.exchange(api.exchangeBody(handover))
      if (status === 200) tokens = body
      else if (status < 500) handover = await fetchCode(browser)
      return tokens !== undefined
    }, longestWayMs)
    return tokens!
  }

  async function revoke ({ jwt }: Tokens): Promise<void> {
    // Once it is done the JWT is good for nothing more.
    await until('the Messenger is signed out', async () => [204, 401].includes(await api.revoke(jwt)), longestWayMs)
  }

  async function signOut (browser: PatientBrowser): Promise<void> {
    const { csrfToken } = await browser.session()
    const press = async () => browser.follow(await browser.request(`${lab.app}/logout`, { form: { _csrf: csrfToken ?? '' } }))
    let page = await press()
    await until('the person is signed out', async () => {
      if (page.url === `${lab.app}/` && page.status === 200) return true
      page = page.url === `${lab.app}/logout` ? await press() : await browser.goOn(page, '')
      return false
    }, longestWayMs)
  }

  /** Somebody who writes as the Messenger does: each message again only where the history has it not. */
  class Writer {
    readonly acknowledged = new Set<string>()
    readonly #jwt: string
    readonly #token = randomUUID()
    #guest: Guest | undefined

    constructor (jwt: string) {
      this.#jwt = jwt
    }

    /** @param interrupt what happens when the request to be let in is sent the first time */
    async enter (interrupt?: () => Promise<void>): Promise<Guest> {
      let act = interrupt
      await until('the guest is let in', async () => {
        this.#guest = await api.connect(this.#token)
        const answer = api.configure(this.#guest, this.#jwt)
        const [frame] = await Promise.all([answer.catch(() => undefined), act?.()])
        act = undefined
        return frame?.class === 'SessionResponse' && !this.#guest.isClosed
      }, longestWayMs)
      return this.#guest!
    }

    async write (text: string, moment: Moment, interrupt: () => Promise<void>): Promise<void> {
      const id = randomUUID()
      let guest = this.#guest!.isClosed ? await this.enter() : this.#guest!
      let act: typeof interrupt | undefined = interrupt
      await until('the message is kept', async () => {
        const answer = guest.request('onMessage', { message: { type: 'Text', text, metadata: { id } } }).catch(() => undefined)
        if (moment === 'received') await act?.()
        const echo = await answer
        if (moment === 'answered') await act?.()
        act = undefined
        if (echo?.code === 200) {
          this.acknowledged.add((echo.body as KeptMessage).id)
          return true
        }
        guest = await this.enter()
        return (await fetchHistory(lab, guest)).some(({ metadata }) => metadata?.['id'] === id)
      }, longestWayMs)
    }

    /** What the guest has said, as it is kept. */
    async history (): Promise<KeptMessage[]> {
      let kept: KeptMessage[] = []
      await until('the history is there', async () => {
        kept = await fetchHistory(lab, this.#guest!.isClosed ? await this.enter() : this.#guest!)
        return true
      }, longestWayMs)
      return kept.filter(({ direction, type }) => direction === 'Inbound' && type === 'Text')
    }
  }
}
