// Several replicas of genesys on one store, which may be away.
import t from 'tap'
import { AttachmentFiles } from '../../services/genesys/attachments/attachment-files.ts'
import { checkContent } from '../../services/genesys/attachments/content-check.ts'
import { Desk } from '../helpers/desk.ts'
import type { GuestFrame } from '../helpers/guest.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { noValkey, startValkey } from '../helpers/valkey.ts'
import { startGenesys } from './helper.ts'

const reason = await noValkey()
if (reason !== undefined) {
  t.test('replicas of genesys', { skip: reason }, async () => {})
} else {
  const server = await startValkey(t)
  const replicas = await Promise.all([1, 2].map(() => startGenesys(t, { storeUrl: server.url, lab: true, rateLimits: true })))

  t.test('replicas give the history of a conversation ten times a minute together', async t => {
    const guest = await replicas[0]!.anonymousGuest()
    const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
    const request = { url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } }
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await replicas[n % 2]!.app.inject(request)).statusCode)
    t.strictSame(statuses, [...Array<number>(10).fill(200), 429, 429])
  })

  t.test('what a replica writes into the folder of attachments, or removes from it, takes room at the others too', async t => {
    const folder = temporaryFolder(t)
    const files = await Promise.all(replicas.map(async ({ store }) => {
      const files = new AttachmentFiles(folder)
      await files.share(store.signals)
      t.teardown(() => files.stop())
      return files
    }))
    const isUsed = (bytes: number) => until(`${bytes} bytes are used`, () => files.every(({ usedBytes }) => usedBytes === bytes))
    const rules = { limit: 100, content: checkContent('text/plain'), checkQuota: () => {} }
    const { file } = await files[0]!.write([Buffer.from('hello')], rules)
    await isUsed(5)
    await t.rejects(files[0]!.write([Buffer.alloc(101)], rules))
    await files[1]!.write([Buffer.from('hi')], rules)
    await isUsed(7)
    await files[1]!.remove(file)
    await isUsed(2)
  })

  t.test('what the scripted agent was about to say at a replica that ends, it says at another, once', async t => {
    const leaver = await startGenesys(t, { storeUrl: server.url, agentDelayMs: 1_000 })
    const guest = await leaver.anonymousGuest()
    t.match(await guest.request('onMessage', { message: { type: 'Text', text: 'hello' } }), { code: 200 })
    await until('it is about to', async () => (await server.admin.keys('{genesys}:e:due-reply:*')).length === 1)
    await leaver.app.close()
    const elsewhere = await replicas[0]!.anonymousGuest({ token: guest.token })
    const isReply = ({ body }: GuestFrame) => {
      const { direction, type } = body as { direction?: string, type?: string }
      return direction === 'Outbound' && type !== 'Event'
    }
    await elsewhere.next(isReply)
    t.same(elsewhere.takeUnread().filter(isReply), [])
    t.same(await server.admin.keys('{genesys}:e:due-reply:*'), [])
  })

  t.test('the sockets of a replica that ends are no longer counted', async t => {
    const seen = await new Desk(replicas[0]!.url, 'genesys.localhost:3002').watch()
    t.teardown(() => seen.close())
    const leaver = await startGenesys(t, { storeUrl: server.url })
    await leaver.anonymousGuest()
    const { data: { conversationId } } = await seen.next(({ event, data }) => event === 'presence' && data['connections'] === 1)
    await leaver.app.close()
    await seen.next(({ event, data }) => event === 'presence' && data.conversationId === conversationId && data['connections'] === 0)
  })

  t.test('a guest who leaves while the store is away does not end the replica', async () => {
    const { app, anonymousGuest } = replicas[0]!
    const guest = await anonymousGuest()
    const { clients } = app.websocketServer
    const open = clients.size
    await server.kill()
    await guest.close()
    await until('the socket is closed', () => clients.size < open)
    await server.start()
    await until('guests are answered again', async () => {
      const { code } = await (await anonymousGuest()).request('onMessage', { message: { type: 'Text', text: 'hello' } })
      return code === 200
    })
  })
}
