import { createRequire } from 'node:module'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import type { Har } from 'har-format'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { ConsoleApi } from '../helpers/console.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

const require = createRequire(import.meta.url)

/** Whether something is an archive as HAR 1.2 says; else why not. */
function faultsOfArchive (archive: unknown): unknown {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addMetaSchema(require('ajv/dist/refs/json-schema-draft-06.json'))
  const schemas = require('har-schema') as Record<string, object>
  ajv.addSchema(Object.values(schemas))
  ajv.validate('har.json#', archive)
  return ajv.errors ?? []
}

/** What people take along of a journey, in each format. */
export async function exports (t: Test, lab: Lab) {
  const live = new ConsoleApi(lab)
  const api = new GenesysApi(lab)

  const browser = new Browser(lab)
  await browser.signIn('alice')
  const handover = (await browser.authCode()).json() as Handover
  const { body: tokens } = await api.exchange(api.exchangeBody(handover))
  const guest = await api.connect()
  await api.configure(guest, tokens.jwt)
  guest.send('onMessage', { message: { type: 'Text', text: 'Hello' } })
  await guest.next(({ class: name, body }) => name === 'StructuredMessage' && (body as { text?: string }).text === 'Hello')
  const { username, password } = lab.user('alice')
  const { id } = await live.latest('the chat', ({ who, endpoints }) => who.includes(username) && endpoints.includes('StructuredMessage'))
  const secrets = [
    handover.authCode, handover.codeVerifier, tokens.jwt, tokens.refreshToken, lab.settings['OIDC_CLIENT_SECRET']!, password,
    ...(await browser.jar.getCookies(lab.app)).map(({ value }) => value).filter(value => value.length > 16)
  ]
  t.teardown(() => guest.close())

  const take = async (format: string, query = '') => {
    const response = await fetch(`${lab.console}/journeys/${id}/export.${format}${query}`)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  for (const [format, type, beginning] of [
    ['html', 'text/html', '<!DOCTYPE html>'], ['svg', 'image/svg+xml', '<svg '], ['mmd', 'text/plain', 'sequenceDiagram\n'], ['har', 'application/json', '{\n']
  ] as const) {
    await t.test(`${format}: a file named by who, what came of it and when, without a secret that was not asked for`, async t => {
      const { status, headers, text } = await take(format)
      t.equal(status, 200)
      t.ok(headers.get('content-type')?.startsWith(type), headers.get('content-type') ?? 'no type')
      t.match(headers.get('content-disposition'), new RegExp(`^attachment; filename=${username}_chatting_\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ\\.${format}$`))
      t.ok(text.startsWith(beginning))
      t.strictSame(secrets.filter(secret => text.includes(secret)), [])
      t.notMatch(text, /eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'no JWT either')
    })
  }

  await t.test('secrets are there in full when they are asked for, but never a password', async t => {
    for (const format of ['har', 'html']) {
      const { text } = await take(format, '?secrets=show')
      for (const secret of [handover.authCode, handover.codeVerifier, tokens.jwt, tokens.refreshToken]) t.ok(text.includes(secret), format)
      t.notOk(text.includes(password))
    }
    t.match((await take('html', '?secrets=show')).text, 'With secrets in full')
  })

  await t.test('what is no format, or no journey, is refused', async t => {
    t.equal((await take('pdf')).status, 400)
    t.equal((await fetch(`${lab.console}/journeys/no-such/export.har`)).status, 404)
  })

  await t.test('the archive is as HAR 1.2 says, and says what it does not know', async t => {
    const { log } = JSON.parse((await take('har')).text) as Har
    t.strictSame(faultsOfArchive({ log }), [])
    const [login] = log.entries
    t.match(login, {
      request: { method: 'GET', url: `${lab.app}/login`, httpVersion: 'unknown', headersSize: -1 },
      response: { status: 303, headersSize: -1, redirectURL: `${lab.issuer}/auth?` }
    })
    t.equal(log.entries[1]!.request.url, login!.response.redirectURL, 'a redirect leads to the next request, with all its parameters')
    const token = log.entries.find(({ request }) => request.url === `${lab.issuer}/token`)!
    t.match(token.request.postData?.text, /^redirect_uri=.+&code=.+&code_verifier=.+&grant_type=authorization_code$/, 'without what was in a header')
    t.match(JSON.parse(token.response.content.text!), { token_type: 'Bearer', expires_in: Number })
  })

  await t.test('a chat is one socket in the archive, with its messages as Chrome writes them', async t => {
    const { log } = JSON.parse((await take('har')).text) as Har
    const sockets = log.entries.filter(({ _resourceType }) => _resourceType === 'websocket')
    t.equal(sockets.length, 1)
    const [{ request, response, _webSocketMessages: messages }] = sockets as unknown as [typeof sockets[0] & { _webSocketMessages: { type: string, data: string }[] }]
    t.match({ request, response }, { request: { url: `${lab.genesys.replace('http', 'ws')}/v1` }, response: { status: 101 } })
    t.match(messages[0], { type: 'send', opcode: 1, time: Number })
    t.match(JSON.parse(messages[0]!.data), { action: 'configureAuthenticatedSession', startNew: Boolean, data: { code: /…/ } })
    t.match(JSON.parse(messages.find(({ type }) => type === 'receive')!.data), { class: 'SessionResponse', code: 200, body: { connected: true } })
  })

  await t.test('each message is told once in the picture, with its number', async t => {
    const { messages } = await live.journey(id)
    const { text } = await take('svg')
    const told = /<desc id="description">(.*)<\/desc>/.exec(text)?.[1] ?? ''
    t.equal(told.match(/\d+\. \w+ to \w+: /g)?.length, messages.length)
    t.match(told, /^1\. Browser to Application: GET \/login, 303\. 2\. Browser to Provider: GET \/auth, 303\./)
  })
}
