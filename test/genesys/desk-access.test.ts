import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { GenesysConfig } from '../../services/genesys/config.ts'
import { Desk } from '../helpers/desk.ts'
import { startGenesys } from './helper.ts'

const host = 'genesys.localhost:3002'

async function start (t: Test, overrides: Partial<GenesysConfig> = {}) {
  const genesys = await startGenesys(t, { lab: true, ...overrides })
  return { ...genesys, desk: new Desk(genesys.url, host) }
}

t.test('refuses what is malformed, with the platform\'s error body', async t => {
  const { desk, signedInGuest } = await start(t)
  await signedInGuest()
  const { conversationId } = (await desk.list()).entities[0]!
  await desk.act(conversationId, 'take', { name: 'Kim' })
  const cases: [string, string, unknown][] = [
    ['take', 'no name', {}],
    ['take', 'a blank name', { name: '  ' }],
    ['take', 'a very long name', { name: 'x'.repeat(61) }],
    ['messages', 'no text', { name: 'Kim' }],
    ['messages', 'a blank text', { name: 'Kim', text: ' \n ' }],
    ['messages', 'a text over the limit', { name: 'Kim', text: 'x'.repeat(4097) }],
    ['messages', 'a quick reply without a text', { name: 'Kim', text: 'x', quickReplies: [{ payload: 'y' }] }],
    ['messages', 'too many quick replies', { name: 'Kim', text: 'x', quickReplies: Array.from({ length: 11 }, (_, index) => ({ text: String(index) })) }],
    ['typing', 'neither on nor off', { name: 'Kim' }],
    ['disconnect', 'no name', {}]
  ]
  for (const [act, what, fields] of cases) {
    t.match(await desk.act(conversationId, act, fields), { status: 400, body: { status: 400, code: 'bad.request', contextId: String } }, `${act}: ${what}`)
  }
  for (const path of ['not-a-uuid', randomUUID()]) t.ok((await desk.ask('GET', `/desk/conversations/${path}`)).status >= 400, path)
  for (const query of ['?pageSize=0', '?pageSize=101', '?pageNumber=0']) t.equal((await desk.ask('GET', `/desk/conversations${query}`)).status, 400, query)
})

t.test('refuses what a browser sends from elsewhere, and whoever knows it by another name', async t => {
  const { desk, url, signedInGuest } = await start(t)
  await signedInGuest()
  const { conversationId } = (await desk.list()).entities[0]!
  const foreign: [string, Record<string, string>][] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['the same site, another origin', { 'sec-fetch-site': 'same-site' }],
    ['another origin, of an old browser', { origin: 'http://app.localhost:3000' }],
    ['a page in a sandbox', { origin: 'null' }],
    ['DNS rebinding', { host: 'evil.example' }],
    ['DNS rebinding with our port', { host: 'evil.example:3002' }],
    ['an address', { host: new URL(url).host }],
    ['a frame', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }]
  ]
  for (const [what, headers] of foreign) {
    for (const [method, path] of [
      ['GET', '/desk'], ['GET', '/desk/desk.js'], ['GET', '/desk/conversations'], ['GET', '/desk/events'],
      ['POST', `/desk/conversations/${conversationId}/take`], ['OPTIONS', '/desk/conversations']
    ] as const) {
      const answer = await desk.ask(method, path, { headers, ...method === 'POST' && { body: { name: 'Mallory' } } })
      t.match(answer, { status: 403, body: { status: 403, code: 'forbidden', contextId: String } }, `${what}: ${method} ${path}`)
      t.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  }
  t.equal((await desk.list()).entities[0]!.agent, null)
  for (const headers of [{ 'sec-fetch-site': 'same-origin', origin: `http://${host}` }, { 'sec-fetch-site': 'none' }]) {
    t.equal((await desk.ask('GET', '/desk/conversations', { headers })).status, 200)
  }
  const preflight = await desk.ask('OPTIONS', '/desk/conversations')
  t.equal(preflight.headers['access-control-allow-methods'], undefined, 'and answers no preflight')
})

t.test('a link from elsewhere leads to the page, and to nothing else', async t => {
  const { desk } = await start(t)
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  t.equal((await desk.ask('GET', '/desk', { headers })).status, 200)
  t.equal((await desk.ask('GET', '/desk/conversations', { headers })).status, 403)
})

t.test('serves the page under a policy that lets nothing but its own files in', async t => {
  const { desk } = await start(t)
  const page = await desk.ask('GET', '/desk')
  t.match(page, { status: 200, headers: { 'content-type': /^text\/html/, 'x-content-type-options': 'nosniff' } })
  const policy = String(page.headers['content-security-policy'])
  t.match(policy, /^default-src 'self'; frame-ancestors 'none'/)
  t.notMatch(policy, /unsafe|\*/)
  t.notMatch(page.text, /<style|<script(?![^>]*src)| style=| on\w+=/, 'nothing inline')
  for (const file of page.text.matchAll(/(?:src|href)="(\/desk\/[^"]+)"/g)) t.equal((await desk.ask('GET', file[1]!)).status, 200, file[1]!)
  for (const path of ['/desk/tsconfig.json', '/desk/../desk.ts', '/desk/nothing.js']) t.equal((await desk.ask('GET', path)).status, 404, path)
})

t.test('is not there outside of the lab', async t => {
  const { desk } = await start(t, { lab: false })
  for (const path of ['/desk', '/desk/conversations', '/desk/events']) t.match(await desk.ask('GET', path), { status: 404, body: { status: 404 } })
})
