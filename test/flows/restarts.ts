import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { Desk } from '../helpers/desk.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import { fetchHistory } from '../helpers/history.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

const file = Buffer.from('high tide at noon')

/** What Genesys has kept when it comes back from a restart. */
export async function restarts (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  const desk = new Desk(lab.genesys)

  const browser = new Browser(lab)
  await browser.signIn('bob')
  const { jwt, refreshToken } = await api.signIn(browser)
  const before = await api.connect()
  await api.configure(before, jwt)
  await before.say('remember this')

  const announced = await before.request('onAttachment', {
    fileName: 'tides.txt', fileType: 'text/plain', fileSize: file.length, errorsAsJson: true
  })
  const { url, headers } = announced.body as { url: string, headers: Record<string, string> }
  const put = await fetch(url, { method: 'PUT', headers: { ...headers, origin: lab.app }, body: new Uint8Array(file) })
  await put.arrayBuffer()
  const { downloadUrl } = (await before.next(frame => frame.class === 'UploadSuccessEvent')).body as { downloadUrl: string }

  const { conversationId } = (await desk.list()).entities.find(({ guest }) => guest.sub === lab.user('bob').sub)!
  await desk.act(conversationId, 'take', { name: 'Noor' })
  await desk.act(conversationId, 'messages', { name: 'Noor', text: 'I will be right back.' })

  await lab.stop('genesys')
  await lab.start('genesys')

  await t.test('a refresh token outlives a restart of Genesys', async () => {
    // A connection that was kept may turn out to be closed.
    await until('a refresh works', async () => (await api.refresh(refreshToken)).status === 200)
  })

  await t.test('a file is there after Genesys was restarted', async t => {
    const response = await fetch(downloadUrl, { headers: { origin: lab.app } })
    t.same(Buffer.from(await response.arrayBuffer()), file)
  })

  await t.test('a conversation is found again by its token, also after Genesys was restarted', async t => {
    const after = await api.connect(before.token)
    t.match(await api.configure(after, jwt), { code: 200, body: { connected: true, newSession: false } })
    const history = await fetchHistory(lab, after)
    t.ok(history.some(({ text, direction }) => text === 'remember this' && direction === 'Inbound'))
    await after.close()
  })

  await t.test('what a person has written and who has taken the conversation outlive a restart', async t => {
    const again = await api.connect(before.token)
    await api.configure(again, jwt)
    await again.say('Still there?')
    const { body } = await desk.ask('GET', `/desk/conversations/${conversationId}`)
    t.match(body, { agent: { name: 'Noor' }, messages: { entities: [{ text: 'Still there?' }, { text: 'I will be right back.' }] } })
    t.match(await desk.act(conversationId, 'messages', { name: 'Noor', text: 'Back.' }), { status: 200 })
    await again.next(({ body }) => (body as { text?: string }).text === 'Back.')
    const byScript = again.unread.filter(({ body }) => {
      const { originatingEntity, type } = body as { originatingEntity?: string, type?: string }
      return originatingEntity === 'Bot' && type !== 'Event'
    })
    t.strictSame(byScript, [])
    await again.close()
  })
}
