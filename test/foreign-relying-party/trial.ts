// What every relying party that is not ours is put through: sign-in works without any arrangement between the two, and the
// faults are such that a relying party can tell.
import t, { type Test } from 'tap'
import type { FaultInCatalogue } from '../../services/idp/control-api/fault-routes.ts'
import { FormBrowser, type Page } from '../helpers/browser.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp, type Idp } from '../idp/helper.ts'
import { countSignOuts, isThere, startApplication, type Application, type Host, type Metadata } from './application.ts'
import { isExamined } from './examined.ts'

type Group = FaultInCatalogue['group']

/** How a fault is switched on that is not as it should be here by itself, once. */
interface Options { count?: number, parameters?: Record<string, unknown> }

/**
 * An application on a library. It answers at `/` with what it knows of the session as JSON, `{ signedIn, sub }`, begins a
 * sign-in at `/login` and a sign-out at `/logout`, and takes logout tokens at `/backchannel-logout`. At `/refresh` and
 * `/userinfo` it does what the names say, and answers with a status of 400 or more where that fails.
 */
export interface RelyingParty {
  /** the library and its version */
  name: string
  callbackPath: string
  metadata?: Metadata
  /** the groups whose faults reach what the library does, in the order of a sign-in */
  meets: Group[]
  /** the faults with which it does otherwise than the catalogue says, or takes what it may refuse, and why; the table that goes red when it changes */
  otherwise: Record<string, string>
  options?: Record<string, Options>
  /** faults that are not tried, since an application on the library ends with an exception that it cannot catch */
  endsTheProcess?: string[]
  /** whether it fetches claims from the userinfo endpoint while it signs somebody in */
  hasUserinfoAtSignIn?: boolean
  /** what this machine must have for it, and who brings that; where it is not there, it is not tried */
  needs?: { command: [string, ...string[]], packages: string }
  host (t: Test, idp: Pick<Idp, 'issuer'>): Host | Promise<Host>
  /** how a person begins to sign in, where that is not by a link to `/login` */
  signIn? (browser: FormBrowser, origin: string): Promise<Page>
}

const slow = { parameters: { delaySeconds: 0.3 } }
const usualOptions: Record<string, Options> = {
  'discovery-slow': slow,
  'token-endpoint-slow': slow,
  'jwks-slow': slow,
  // Long enough for nobody to wait, and short where a library waits for ever.
  'token-endpoint-timeout': { parameters: { seconds: 1 } }
}

/** How a fault is switched on, to be met once. */
export const optionsOf = (name: string): Options => ({ count: 1, ...usualOptions[name] })

/** In which exchanges with the identity provider the faults of a group are found. */
const endpoints: Record<Group, string[]> = {
  discovery: ['discovery'],
  'authorization-response': ['authorization', 'resume'],
  'token-endpoint': ['token'],
  'id-token': ['token'],
  jwks: ['jwks', 'token'],
  userinfo: ['userinfo'],
  refresh: ['token'],
  'logout-token': ['backchannel_logout', 'end_session_confirm'],
  'end-session': ['end_session', 'end_session_confirm']
}

/** None of these applications asks how or when somebody has signed in. */
export const unaskedFor: Record<string, string> = Object.fromEntries(['id-token-invalid-acr', 'id-token-old-auth-time', 'id-token-missing-auth-time']
  .map(name => [name, 'it has asked for neither a level nor a recent sign-in']))

/** Put a relying party through everything, each fault in a realm of its own. */
export async function tryRelyingParty (relyingParty: RelyingParty): Promise<void> {
  const { meets, options = {}, hasUserinfoAtSignIn = false, endsTheProcess = [], needs } = relyingParty
  if (needs && !isThere(t, needs.command, needs.packages)) return
  const otherwise = { ...unaskedFor, ...relyingParty.otherwise }
  // Foreign libraries use resolvers of their own, which do not find *.localhost everywhere.
  const { IDP_PORT: port } = await freePorts()
  const idp = await startIdp(t, { IDP_PORT: port, IDP_ISSUER: `http://127.0.0.1:${port}` })
  await idp.app.listen({ host: '127.0.0.1', port: Number(port) })
  const host = await relyingParty.host(t, idp)
  const catalogue = await idp.lab.faults.catalogue()
  const faultsOf = (group: Group) => catalogue.filter(fault => fault.group === group && !endsTheProcess.includes(fault.name))

  const start = (t: Test, realm: string) => startApplication(t, idp, host, realm, relyingParty)
  const signIn = (browser: FormBrowser, { origin }: Application) =>
    relyingParty.signIn?.(browser, origin) ?? browser.open(`${origin}/login`)
  const accepts = ({ name, outcome }: FaultInCatalogue) => (outcome === 'succeed') !== name in otherwise

  async function startSignedIn (t: Test, realm: string) {
    const application = await start(t, realm)
    const browser = new FormBrowser()
    await signIn(browser, application)
    t.equal((await sessionOf(browser, application)).signedIn, true, 'signed in')
    return { application, browser }
  }

  const switchOn = ({ lab }: Application, { name }: FaultInCatalogue) =>
    lab.faults.switchOn(name, { ...optionsOf(name), ...options[name] })

  /**
   * The fault is in the ledger, at the HTTP exchange that it was applied to, where the examiner sees what is wrong and whether it was
   * accepted, and the next sign-in is as any other.
   */
  async function nothingIsLeft (t: Test, application: Application, fault: FaultInCatalogue) {
    const { lab, clientId } = application
    const { name, group, scopes } = fault
    const { entries } = await lab.ledger.query({ fault: name })
    t.ok(entries.length > 0, 'the ledger has the exchange')
    const client = scopes.includes('client_id') ? clientId : undefined
    for (const entry of entries) {
      t.ok(endpoints[group].includes(entry.endpoint), `at ${entry.endpoint}`)
      t.equal(entry.client_id, client)
    }
    t.same(await lab.faults.active(), [], 'the fault is over')
    const browser = new FormBrowser()
    await signIn(browser, application)
    t.equal((await sessionOf(browser, application)).signedIn, true, 'the next sign-in is good')
    await isExamined(t, application, fault, accepts(fault))
  }

  function eachFault (where: string, group: Group, prove: (t: Test, fault: FaultInCatalogue) => Promise<void>) {
    if (!meets.includes(group)) return
    t.test(`${relyingParty.name}, ${where}, ${group}`, async t => {
      for (const fault of faultsOf(group)) {
        const { name, title, outcome } = fault
        const reason = otherwise[name] === undefined ? '' : `, ${outcome === 'may' ? 'as it may' : 'against the catalogue'}: ${otherwise[name]}`
        await t.test(`${title} (${name}) is ${accepts(fault) ? 'accepted' : 'refused'}${reason}`, t => prove(t, fault))
      }
    })
  }

  t.test(`${relyingParty.name}: every exception is about a fault that it meets`, async t => {
    const names = meets.flatMap(faultsOf).map(({ name }) => name)
    t.same(Object.keys(otherwise).filter(name => !names.includes(name)), [])
  })

  t.test(`${relyingParty.name}: a person signs in, is known by their claims, has tokens refreshed, and signs out`, async t => {
    const application = await start(t, 'sign-in')
    const { origin, lab } = application
    const browser = new FormBrowser()
    t.equal((await sessionOf(browser, application)).signedIn, false)

    const page = await signIn(browser, application)
    t.ok(page.url.startsWith(origin), 'the browser is back at the application')
    const { signedIn, sub } = await sessionOf(browser, application)
    t.ok(signedIn)
    t.match((await browser.open(`${origin}/userinfo`)).json(), { sub, name: 'Ada Lovelace', email: 'ada@example.com' })
    t.match((await browser.open(`${origin}/refresh`)).json(), { sub })
    const { entries } = await lab.ledger.query({ endpoint: 'token', status: 200 })
    t.same(entries.map(({ parameters }) => parameters['grant_type']), ['authorization_code', 'refresh_token'])

    const back = await signOutHere(application, browser)
    t.ok(back.url.startsWith(`${origin}/`), 'and the browser comes back')
    t.equal((await sessionOf(browser, application)).signedIn, false)
    t.equal(await countSignOuts(lab), 1, 'they have signed out there, too')
  })

  t.test(`${relyingParty.name}: a person who signs out at the identity provider is signed out by a logout token`, async t => {
    const { application, browser } = await startSignedIn(t, 'sign-out')
    await signOutThere(application, browser)
    t.match(await logoutAnswers(application), [/20[04]/])
    t.equal((await sessionOf(browser, application)).signedIn, false)
    await signIn(browser, application)
    t.equal((await sessionOf(browser, application)).signedIn, true, 'and can sign in again')
  })

  for (const group of ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'jwks', 'userinfo'] as const) {
    if (group === 'userinfo' && !hasUserinfoAtSignIn) continue
    eachFault('at the sign-in', group, async (t, fault) => {
      const application = await start(t, fault.name)
      // A rotation is to meet somebody who has the keys from before, and one of them shows at the sign-in after it.
      if (fault.name.startsWith('jwks-rotated')) await signIn(new FormBrowser(), application)
      await switchOn(application, fault)
      if (fault.name === 'jwks-rotated-between-sign-ins') await signIn(new FormBrowser(), application)
      const browser = new FormBrowser()
      const { url } = await signIn(browser, application)
      t.ok(url.startsWith(application.origin), 'the browser is back at the application')
      t.equal((await sessionOf(browser, application)).signedIn, accepts(fault))
      // What an application outside the lab has accepted shows when it uses it.
      if (accepts(fault)) await browser.open(`${application.origin}/userinfo`)
      await nothingIsLeft(t, application, fault)
    })
  }

  eachFault('at a refresh', 'refresh', async (t, fault) => {
    const { application, browser } = await startSignedIn(t, fault.name)
    await switchOn(application, fault)
    const { status } = await browser.open(`${application.origin}/refresh`)
    t.equal(status < 400, accepts(fault))
    await browser.open(`${application.origin}/userinfo`)
    await nothingIsLeft(t, application, fault)
  })

  if (!hasUserinfoAtSignIn) {
    eachFault('when claims are fetched', 'userinfo', async (t, fault) => {
      const { application, browser } = await startSignedIn(t, fault.name)
      await switchOn(application, fault)
      const { status } = await browser.open(`${application.origin}/userinfo`)
      t.equal(status < 400, accepts(fault))
      await nothingIsLeft(t, application, fault)
    })
  }

  eachFault('at a sign-out by a logout token', 'logout-token', async (t, fault) => {
    const { application, browser } = await startSignedIn(t, fault.name)
    await switchOn(application, fault)
    await signOutThere(application, browser)
    const statuses = await logoutAnswers(application)
    // The first one of two is good.
    const replayed = fault.name === 'logout-token-replayed'
    t.equal(statuses.length, replayed ? 2 : 1)
    t.equal(statuses.at(-1)! < 300, accepts(fault))
    t.equal((await sessionOf(browser, application)).signedIn, !accepts(fault) && !replayed)
    await nothingIsLeft(t, application, fault)
  })

  eachFault('at a sign-out from the application', 'end-session', async (t, fault) => {
    const { application, browser } = await startSignedIn(t, fault.name)
    await switchOn(application, fault)
    await signOutHere(application, browser)
    t.equal((await sessionOf(browser, application)).signedIn, false, 'signed out here, whatever happened there')
    await nothingIsLeft(t, application, fault)
  })
}

const sessionOf = async (browser: FormBrowser, { origin }: Application) =>
  (await browser.open(`${origin}/`)).json<{ signedIn: boolean, sub?: string }>()

/** With what the application answered logout tokens, oldest first. */
const logoutAnswers = async ({ lab }: Application) =>
  (await lab.ledger.query({ endpoint: 'backchannel_logout' })).entries.map(({ status }) => status)

/** Begin at the application, and say yes where the identity provider asks. */
async function signOutHere ({ origin, issuer }: Application, browser: FormBrowser): Promise<Page> {
  const page = await browser.open(`${origin}/logout`)
  const isAsked = page.url.startsWith(issuer) && page.$('button').length > 0
  return isAsked ? browser.submit(page, {}, 'Sign out') : page
}

async function signOutThere ({ issuer }: Application, browser: FormBrowser): Promise<void> {
  await browser.submit(await browser.open(`${issuer}/session/end`), {}, 'Sign out')
}
