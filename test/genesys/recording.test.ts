import t from 'tap'
import type { LedgerPage } from '#lib/ledger/ledger.ts'
import { until } from '../helpers/until.ts'
import { startGenesys } from './helper.ts'

const { app, anonymousGuest } = await startGenesys(t, { lab: true, agent: 'desk' })

const recordedSince = async (since: number) => (await app.inject(`/lab/ledger?limit=1000&secrets=show&since=${since}`)).json<LedgerPage>()
const namesOf = ({ entries }: LedgerPage) => entries.map(({ frame, endpoint }) => `${frame?.direction} ${endpoint}`)

t.test('what goes over a guest\'s socket is in the ledger both ways, joined by its socket and by its session', async t => {
  const { last } = await recordedSince(0)
  const guest = await anonymousGuest()
  await guest.request('onMessage', { message: { type: 'Text', text: 'Grüße ∀' } })
  guest.sendRaw('no JSON')
  await until('it was answered', async () => namesOf(await recordedSince(last)).length === 6)

  const page = await recordedSince(last)
  t.strictSame(namesOf(page), [
    'in configureSession', 'out SessionResponse', 'in onMessage', 'out StructuredMessage', 'in unknown', 'out string'
  ])
  const [configure, , message, echo, malformed, refusal] = page.entries
  t.match(message, { method: 'MESSAGE', path: '/v1', from: 'browser', to: 'genesys', parameters: { token: guest.token, 'message.text': 'Grüße ∀' } })
  t.match(echo, { from: 'genesys', to: 'browser', status: 200, parameters: { 'body.text': 'Grüße ∀' } })
  t.match(malformed, { parameters: { body: 'no JSON' } })
  t.equal(refusal!.status, 400)
  t.ok(page.entries.every(({ links }) => links[0] === configure!.links[0]), 'the socket')
  t.strictSame(message!.links.slice(1), configure!.links.slice(1), 'the session')
})

t.test('typing and signs of life do not fill the ledger', async t => {
  const guest = await anonymousGuest()
  const { last } = await recordedSince(0)
  const healthCheck = () => {
    guest.sendRaw(JSON.stringify({ action: 'echo', token: guest.token, tracingId: 'SGVhbHRoQ2hlY2tNZXNzYWdlSWQ=', message: { type: 'Text', text: 'ping' } }))
    return guest.next(({ tracingId }) => tracingId === 'SGVhbHRoQ2hlY2tNZXNzYWdlSWQ=')
  }
  const typing = { message: { type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On' } }] } }
  for (let times = 0; times < 3; times++) {
    await guest.request('onMessage', typing)
    await healthCheck()
  }
  await guest.request('onMessage', { message: { type: 'Text', text: 'Hello' } })
  await healthCheck()
  t.strictSame(namesOf(await recordedSince(last)), ['in onMessage', 'in onMessage', 'out StructuredMessage', 'in echo'])
})

t.test('no secret of a message is shown that was not asked for', async t => {
  const guest = await anonymousGuest()
  const page = (await app.inject('/lab/ledger?limit=1000')).payload
  t.match(page, 'configureSession')
  t.notMatch(page, guest.token)
})
