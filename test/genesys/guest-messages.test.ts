import t from 'tap'
import type { Guest } from '../helpers/guest.ts'
import { ada, deploymentId, startGenesys } from './helper.ts'

interface Page { entities: { text: string, direction: string, events?: object }[], pageNumber: number, pageSize: number, total: number, pageCount: number }

async function historyOf (url: string, guest: Guest, query = '') {
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const response = await fetch(`${url}/api/v2/webmessaging/messages${query}`, { headers: { authorization: `Bearer ${jwt}` } })
  return { status: response.status, page: await response.json() as Page }
}

t.test('gives the history newest first, a page at a time', async t => {
  const { url, signedInGuest } = await startGenesys(t, { agentDelayMs: 60_000 })
  const guest = await signedInGuest()
  for (let number = 1; number <= 5; number++) await guest.say(`message ${number}`)

  const pages = await Promise.all([1, 2, 3, 4].map(number => historyOf(url, guest, `?pageNumber=${number}&pageSize=2`)))
  t.same(pages.map(({ page }) => page.entities.map(({ text }) => text)), [
    ['message 5', 'message 4'], ['message 3', 'message 2'], ['message 1'], []
  ])
  t.match(pages[1]?.page, { pageNumber: 2, pageSize: 2, total: 5, pageCount: 3 })
  t.match((await historyOf(url, guest)).page, { pageNumber: 1, pageSize: 25, total: 5, pageCount: 1 })
})

t.test('has both sides in the history and no events', async t => {
  const { url, signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } })
  await guest.next(({ body }) => (body as { type?: string, direction?: string }).type === 'Text')
  await guest.say('hello')
  const { page } = await historyOf(url, guest)
  t.same(page.entities.filter(({ events }) => events), [])
  t.same(page.entities.map(({ direction }) => direction).slice(-2), ['Inbound', 'Outbound'])
})

t.test('shows a guest no conversation but their own', async t => {
  const { url, signedInGuest } = await startGenesys(t, { agentDelayMs: 60_000 })
  const guest = await signedInGuest()
  await guest.say('a secret')
  t.match((await historyOf(url, await signedInGuest())).page, { total: 0, entities: [] })
})

t.test('refuses the JWT of the sign-in, and a page that is too large', async t => {
  const { app, url, tokens, signedInGuest } = await startGenesys(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const response = await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })
  t.equal(response.statusCode, 401)
  t.equal((await historyOf(url, await signedInGuest(), '?pageSize=101')).status, 400)
})
