import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import type { PresentedJourney } from '../../services/console/exports/presented-journey.ts'
import { Browser } from '../helpers/browser.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

// The diagram of the README, as the ledgers call it.
const diagram = [
  'browser → relying-party login', 'browser → idp authorization', 'browser → idp interaction', 'browser → idp sign_in', 'browser → idp resume',
  'browser → relying-party callback', 'relying-party → idp token', 'relying-party → idp userinfo',
  'browser → relying-party messenger_login', 'browser → idp authorization', 'browser → relying-party messenger_callback',
  'browser → relying-party messenger_auth_code', 'browser → genesys token_exchange', 'genesys → idp token',
  'browser → genesys configureAuthenticatedSession', 'genesys → browser SessionResponse'
]

// Fetched when they are not known or too old: by whichever flow comes first.
const fetchedByAny = new Set(['jwks', 'discovery'])

const join = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } }

/** What the console makes of the real exchange. */
export async function liveView (t: Test, lab: Lab) {
  const live = new ConsoleApi(lab)
  const api = new GenesysApi(lab)

  async function chat (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    guest.send('onMessage', join)
    await guest.next(({ class: name }) => name === 'StructuredMessage')
    return { browser, guest }
  }

  const journeyOf = (username: string) =>
    live.latest(`the chat of ${username}`, ({ who, outcome }) => who.includes(lab.user(username).username) && outcome === 'chatting')

  const storyOf = ({ messages }: PresentedJourney) =>
    messages.filter(({ endpoint }) => !fetchedByAny.has(endpoint)).map(({ from, to, endpoint }) => `${from} → ${to} ${endpoint}`)

  await t.test('a sign-in and a chat are one journey, with every message of the diagram in its order', async t => {
    const { guest } = await chat('alice')
    const journey = await journeyOf('alice')
    t.strictSame(storyOf(journey).slice(0, diagram.length), diagram)
    t.strictSame(journey.who, [lab.user('alice').username])
    t.strictSame(journey.clients.sort(), [lab.settings['GENESYS_CLIENT_ID'], lab.settings['OIDC_CLIENT_ID']].sort())
    t.strictSame(journey.findings.filter(({ ok }) => !ok), [], 'and every check holds')
    await guest.close()
  })

  await t.test('two people at once are two journeys', async t => {
    const guests = await Promise.all([chat('alice'), chat('bob')])
    const [alice, bob] = [await journeyOf('alice'), await journeyOf('bob')]
    t.not(alice.id, bob.id)
    for (const journey of [alice, bob]) t.strictSame(storyOf(journey).slice(0, diagram.length).sort(), [...diagram].sort())
    for (const { guest } of guests) await guest.close()
  })

  await t.test('whoever signs in in the same browser after a sign-out begins a journey of their own', async t => {
    const { browser, guest } = await chat('alice')
    const first = await journeyOf('alice')
    await guest.close()
    await browser.signOut()
    await browser.signIn('bob')
    const second = await live.latest('bob', ({ who }) => who.includes(lab.user('bob').username))
    t.not(second.id, first.id)
    t.strictSame(second.who, [lab.user('bob').username])
  })

  await t.test('typing, signs of life, health checks and files do not flood a journey', async t => {
    const { guest } = await chat('alice')
    // Five messages a second are allowed: with the one that has joined before and the text below these are four.
    for (let number = 0; number < 2; number++) guest.send('onMessage', { message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On' } }] } })
    for (let number = 0; number < 3; number++) guest.send('echo', { message: { type: 'Text', text: 'HealthCheckMessage' } })
    for (const path of ['/', '/livez', '/readyz', '/assets/host-page.js']) for (const url of [lab.app, lab.genesys, lab.issuer]) await fetch(url + path)
    guest.send('onMessage', { message: { type: 'Text', text: 'after all of that' } })
    let after: PresentedJourney | undefined
    await until('what was written at last is there', async () => {
      after = await journeyOf('alice')
      return after.messages.some(({ parameters }) => parameters.some(({ value }) => value === 'after all of that'))
    })
    const signsOfLife = after!.messages.filter(({ method }) => method === 'MESSAGE').map(({ endpoint, parameters }) =>
      endpoint === 'echo' || parameters.some(({ value }) => String(value).includes('"Typing"')))
    t.ok(signsOfLife.includes(true), 'somebody types')
    t.notOk(signsOfLife.some((isSign, index) => isSign && signsOfLife[index - 1]), 'of each row the first is kept')
    t.strictSame(after!.messages.filter(({ path }) => /livez|readyz|assets/.test(path)), [])
    await guest.close()
  })

  await t.test('no secret is shown that was not asked for', async t => {
    const { browser, guest } = await chat('alice')
    const journey = JSON.stringify(await journeyOf('alice'))
    const cookies = (await browser.jar.getCookies(lab.app)).map(({ value }) => value).filter(value => value.length > 16)
    t.ok(cookies.length > 0)
    for (const secret of [...cookies, lab.settings['OIDC_CLIENT_SECRET']!, lab.user('alice').password]) t.notOk(journey.includes(secret))
    t.notMatch(journey, /eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'no JWT either')
    await guest.close()
  })
}
