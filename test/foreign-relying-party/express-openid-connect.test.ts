// A relying party that is not ours, at our identity provider: it shows that sign-in works without any arrangement between
// the two, and that the faults are such that a relying party can tell.
import t, { type Test } from 'tap'
import type { FaultInCatalogue } from '../../services/idp/lab/faults.ts'
import type { Page, ScriptlessBrowser } from '../helpers/browser.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp } from '../idp/helper.ts'
import { startApplication, type Application } from './application.ts'
import { accepted, endpoints, isAccepted, options } from './expectations.ts'

// Its requests go out by Node's own `fetch`, which does not find *.localhost everywhere.
const { IDP_PORT: port } = await freePorts()
const idp = await startIdp(t, { IDP_PORT: port, IDP_ISSUER: `http://127.0.0.1:${port}` })
await idp.app.listen({ host: '127.0.0.1', port: Number(port) })
const catalogue = await idp.lab.faults.catalogue()

t.test('every exception is about a fault that is to be refused', async t => {
  const refused = catalogue.filter(({ outcome }) => outcome === 'refuse').map(({ name }) => name)
  t.same(Object.keys(accepted).filter(name => !refused.includes(name)), [])
})

t.test('a person signs in, is known by their claims, has tokens refreshed, and signs out', async t => {
  const application = await startApplication(t, idp, 'express')
  const { origin, clientId, lab: { issuer, ledger } } = application
  const browser = application.newBrowser()
  t.equal((await browser.open(`${origin}/profile`)).status, 401, 'nobody gets in without a session')

  const page = await application.signIn(browser)
  t.equal(page.status, 200)
  t.match(await application.session(browser), { signedIn: true, iss: issuer, aud: clientId })
  const { sub } = await application.session(browser)
  t.match((await browser.open(`${origin}/profile`)).json(), { sub })
  const claims = { sub, name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true }
  t.same((await browser.open(`${origin}/userinfo`)).json(), claims)
  t.match((await browser.open(`${origin}/refresh`)).json(), { sub })
  const { entries } = await ledger.query({ endpoint: 'token', status: 200 })
  t.same(entries.map(({ parameters }) => parameters['grant_type']), ['authorization_code', 'refresh_token'])

  const back = await signOutHere(application, browser)
  t.equal(back.url, `${origin}/?state=state-of-the-sign-out`)
  t.equal((await application.session(browser)).signedIn, false)
  t.equal((await browser.open(`${origin}/profile`)).status, 401)
  t.same(application.logoutAnswers, [204])
  t.equal((await ledger.query({ endpoint: 'jwks' })).count, 1, 'the logout token was the first to need keys')
})

t.test('a person who signs out at the identity provider is signed out of the application by a logout token', async t => {
  const application = await startApplication(t, idp, 'express-logout')
  const browser = application.newBrowser()
  await application.signIn(browser)
  await signOutThere(application, browser)
  t.same(application.logoutAnswers, [204])
  t.equal((await application.session(browser)).signedIn, false)
  await application.signIn(browser)
  t.equal((await application.session(browser)).signedIn, true)
})

for (const group of ['discovery', 'id-token'] as const) {
  eachFault(`at the sign-in, ${group}`, faultsOf(group), async (t, fault) => {
    const application = await startApplication(t, idp, fault.name)
    await meetAtSignIn(t, application, fault, isAccepted(fault))
    await nothingIsLeft(t, application, fault)
  })
}

eachFault('at the sign-in, authorization-response', faultsOf('authorization-response'), async (t, fault) => {
  const application = await startApplication(t, idp, fault.name)
  const page = await meetAtSignIn(t, application, fault, isAccepted(fault))
  t.equal((await application.lab.ledger.query({ endpoint: 'token' })).count, 0, 'the code goes nowhere')
  const [, error] = fault.name.split('authorization-error-')
  if (error !== undefined) t.match(page.json(), { error: error.replaceAll('-', '_') }, 'the application is told why')
  await nothingIsLeft(t, application, fault)
})

eachFault('at the sign-in, token-endpoint', faultsOf('token-endpoint'), async (t, fault) => {
  const application = await startApplication(t, idp, fault.name)
  await meetAtSignIn(t, application, fault, isAccepted(fault))
  t.equal((await application.lab.ledger.query({ endpoint: 'token' })).count, 1, 'a code is sent once, whatever comes of it')
  await nothingIsLeft(t, application, fault)
})

for (const field of ['issuer', 'authorization_endpoint', 'token_endpoint']) {
  t.test(`nobody is signed in when discovery lacks ${field}`, async t => {
    const application = await startApplication(t, idp, `without-${field.replaceAll('_', '-')}`)
    await application.lab.faults.switchOn('discovery-missing-field', { count: 1, parameters: { field } })
    const browser = application.newBrowser()
    t.ok((await application.signIn(browser)).status >= 400)
    t.equal((await application.session(browser)).signedIn, false)
  })
}

const checkedBesides = faultsOf('id-token').filter(({ name, outcome }) => name in accepted || outcome === 'succeed')
eachFault('at the sign-in, id-token, when the application checks signature and azp itself', checkedBesides, async (t, fault) => {
  const application = await startApplication(t, idp, `${fault.name}-checked`, { checksMore: true })
  await meetAtSignIn(t, application, fault, fault.outcome === 'succeed')
  await nothingIsLeft(t, application, fault)
}, false)

eachFault('at the sign-in, jwks, when the application checks signatures itself', faultsOf('jwks'), async (t, fault) => {
  const application = await startApplication(t, idp, fault.name, { checksMore: true })
  // A rotation is to meet somebody who has the keys from before.
  if (fault.name.startsWith('jwks-rotated')) await application.signIn(application.newBrowser())
  await meetAtSignIn(t, application, fault, fault.outcome === 'succeed')
  await nothingIsLeft(t, application, fault)
})

eachFault('at a refresh', faultsOf('refresh'), async (t, fault) => {
  const { application, browser } = await startSignedIn(t, fault)
  const before = await application.session(browser)
  await switchOn(application, fault)
  const page = await browser.open(`${application.origin}/refresh`)
  const after = await application.session(browser)
  if (isAccepted(fault)) {
    t.equal(page.status, 200)
    t.notSame(after, before, 'the session is about what the new ID token says')
  } else {
    t.ok(page.status >= 400, 'the refresh fails')
    t.same(after, before, 'the session is as it was')
  }
  await nothingIsLeft(t, application, fault)
})

eachFault('at the userinfo endpoint', faultsOf('userinfo'), async (t, fault) => {
  const { application, browser } = await startSignedIn(t, fault)
  await switchOn(application, fault)
  const page = await browser.open(`${application.origin}/userinfo`)
  t.ok(page.status >= 400, 'no claims come of it')
  const { sub } = await application.session(browser)
  t.match((await browser.open(`${application.origin}/userinfo`)).json(), { sub }, 'the next time they do')
  await nothingIsLeft(t, application, fault)
})

eachFault('at a sign-out by a logout token', faultsOf('logout-token'), async (t, fault) => {
  const { application, browser } = await startSignedIn(t, fault)
  await switchOn(application, fault)
  await signOutThere(application, browser)
  const answer = isAccepted(fault) ? 204 : 400
  // The first one of two is good.
  const replayed = fault.name === 'logout-token-replayed'
  t.same(application.logoutAnswers, replayed ? [204, answer] : [answer])
  t.equal((await application.session(browser)).signedIn, !replayed)
  const { entries } = await application.lab.ledger.query({ fault: fault.name, endpoint: 'backchannel_logout' })
  t.same(entries.map(({ status }) => status), application.logoutAnswers, 'the ledger has what was answered')
  await nothingIsLeft(t, application, fault)
})

eachFault('at a sign-out from the application', faultsOf('end-session'), async (t, fault) => {
  const { application, browser } = await startSignedIn(t, fault)
  await switchOn(application, fault)
  await signOutHere(application, browser)
  t.equal((await application.session(browser)).signedIn, false, 'signed out here, whatever happened there')
  await nothingIsLeft(t, application, fault)
})

function faultsOf (group: FaultInCatalogue['group']): FaultInCatalogue[] {
  return catalogue.filter(fault => fault.group === group)
}

function eachFault (
  where: string, faults: FaultInCatalogue[], prove: (t: Test, fault: FaultInCatalogue) => Promise<void>, withExceptions = true
): void {
  t.test(where, async t => {
    t.ok(faults.length > 0)
    for (const fault of faults) {
      const wrongly = withExceptions && accepted[fault.name]
      const ends = wrongly ? `wrongly accepted: it ${wrongly}` : fault.outcome === 'succeed' ? 'accepted' : 'refused'
      await t.test(`${fault.title} (${fault.name}) is ${ends}`, t => prove(t, fault))
    }
  })
}

async function startSignedIn (t: Test, { name }: FaultInCatalogue): Promise<{ application: Application, browser: ScriptlessBrowser }> {
  const application = await startApplication(t, idp, name)
  const browser = application.newBrowser()
  await application.signIn(browser)
  t.equal((await application.session(browser)).signedIn, true)
  return { application, browser }
}

/** For as often as the fault is met once. */
async function switchOn ({ lab }: Application, { name }: FaultInCatalogue): Promise<void> {
  await lab.faults.switchOn(name, { count: 1, ...options[name] })
}

async function meetAtSignIn (t: Test, application: Application, fault: FaultInCatalogue, accepts: boolean): Promise<Page> {
  const { origin } = application
  await switchOn(application, fault)
  const browser = application.newBrowser()
  const page = await application.signIn(browser)
  t.ok(page.url.startsWith(origin), 'the browser is back at the application')
  t.equal(page.status >= 400, !accepts, `which answers ${accepts ? 'as always' : 'with an error'}`)
  t.equal((await application.session(browser)).signedIn, accepts)
  t.equal((await browser.open(`${origin}/profile`)).status, accepts ? 200 : 401)
  return page
}

/** The fault is in the ledger, at the exchange that it was applied to, and the next sign-in is as any other. */
async function nothingIsLeft (t: Test, application: Application, { name, group, scopes }: FaultInCatalogue): Promise<void> {
  const { entries } = await application.lab.ledger.query({ fault: name })
  t.ok(entries.length > 0, 'the ledger has the exchange')
  const client = scopes.includes('client_id') ? application.clientId : undefined
  for (const entry of entries) {
    t.ok(endpoints[group].includes(entry.endpoint), `at ${entry.endpoint}`)
    t.equal(entry.client_id, client)
  }
  t.same(await application.lab.faults.active(), [], 'the fault is over')
  const browser = application.newBrowser()
  t.equal((await application.signIn(browser)).status, 200)
  t.equal((await application.session(browser)).signedIn, true, 'the next sign-in is good')
}

/** Begin at the application, and say yes where the identity provider asks. */
async function signOutHere ({ origin }: Application, browser: ScriptlessBrowser) {
  const page = await browser.open(`${origin}/logout`)
  return page.$('button').length > 0 ? browser.submit(page, {}, 'Sign out') : page
}

async function signOutThere ({ lab: { issuer } }: Application, browser: ScriptlessBrowser): Promise<void> {
  await browser.submit(await browser.open(`${issuer}/session/end`), {}, 'Sign out')
}
