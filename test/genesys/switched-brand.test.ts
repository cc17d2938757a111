// The lab switches the brand while conversations are on.
import t from 'tap'
import type { Server } from '#lib/server/http-server.ts'
import type { StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import type { Guest } from '../helpers/guest.ts'
import { deploymentId, startGenesys } from './helper.ts'

async function call (app: Server, method: 'GET' | 'PATCH' | 'DELETE', url: string, payload?: object) {
  const response = await app.inject({ method, url, headers: { host: 'localhost' }, ...(payload && { payload }) })
  return { status: response.statusCode, body: response.json() }
}

/** What a page's Messenger looks like. */
async function looksOf (app: Server) {
  const { body } = await call(app, 'GET', `/webdeployments/v1/deployments/${deploymentId}/config.json`)
  return { title: body.customI18nLabels[0].localizedLabels[0].value, colour: body.messenger.styles.primaryColor }
}

async function answerOf (guest: Guest): Promise<StructuredMessage> {
  const { body } = await guest.next(frame => frame.class === 'StructuredMessage' && (frame.body as StructuredMessage).direction === 'Outbound' && (frame.body as StructuredMessage).type !== 'Event')
  return body as StructuredMessage
}

t.test('a conversation that is on goes on with the agent of the other brand, and the next Messenger has its colour and title', async t => {
  const { app, anonymousGuest } = await startGenesys(t, { lab: true })
  const kayaks = await looksOf(app)
  const guest = await anonymousGuest()
  await guest.say('Can I bring my dog?')
  t.match(await answerOf(guest), { text: /dog/i })

  t.match(await call(app, 'PATCH', '/lab/host-page', { brand: 'bank' }), { status: 200, body: { brand: 'bank', deployment: undefined } })
  await guest.say('When are you open?')
  t.match(await answerOf(guest), { text: /9:30/ })
  await guest.request('onMessage', {
    message: { type: 'Structured', text: 'Choose Seal Sands', content: [{ contentType: 'ButtonResponse', buttonResponse: { type: 'Button', text: 'Choose Seal Sands', payload: 'seal-sands' } }] }
  })
  t.match(await answerOf(guest), { text: /^I am not sure I understood that/ }, 'a card of the former brand still gets an answer')
  t.strictSame(await looksOf(app), { title: 'Ask Marram Bank', colour: '#2b3f8c' })
  t.match((await call(app, 'GET', '/desk/ready-messages')).body, [{ label: 'What can we help you with?' }, { label: 'Meet us' }])

  await call(app, 'DELETE', '/lab')
  t.strictSame(await looksOf(app), kayaks)
})

t.test('a deployment is the page\'s to choose, not the agent\'s', async t => {
  const { app } = await startGenesys(t, { lab: true })
  t.match(await call(app, 'PATCH', '/lab/host-page', { deployment: 'step-up' }), { status: 400, body: { error_description: 'deployment: there is no such name' } })
})
