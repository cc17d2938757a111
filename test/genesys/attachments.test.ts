import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse } from 'content-disposition'
import t from 'tap'
import type { Deployment } from '../../services/genesys/deployments.ts'
import type { GuestFrame } from '../helpers/guest.ts'
import { ofClass, png, pngRequest, startWithUploads, stepUpDeploymentId } from './attachment-helper.ts'
import { ada, anonymousDeploymentId, configWith, temporaryFolder } from './helper.ts'

const clear = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } }

interface AttachmentBody { id: string, url: string, filename: string, fileSize: number, mediaType: string, mime: string }
const attachmentOf = ({ body }: { body: unknown }) =>
  (body as { content: { contentType: string, attachment: AttachmentBody }[] }).content[0]!.attachment
const hasContent = ({ body }: GuestFrame) => 'content' in (body as object)

t.test('gives a presigned URL, takes the file there, and tells every socket of the session', async t => {
  const { guest, request, put, local, files } = await startWithUploads(t)
  const tab = await guest()
  const otherTab = await guest({ token: tab.token })
  const stranger = await guest()
  const attachmentId = randomUUID()
  const frame = await tab.request('onAttachment', { ...pngRequest, attachmentId, errorsAsJson: true })
  t.match(frame, {
    type: 'response',
    class: 'PresignedUrlResponse',
    code: 200,
    body: { attachmentId, headers: { 'content-type': 'image/png' }, url: /^http:.*\/attachments\/.*\?token=ey/, ...pngRequest }
  })
  t.match(await tab.request('getAttachment', { attachmentId }), { class: 'string', code: 4010 }, 'not uploaded yet')

  const response = await put((frame.body as { url: string }).url, png)
  t.equal(response.status, 200)
  t.equal(await response.text(), '')
  for (const socket of [tab, otherTab]) {
    const { body, ...event } = await socket.next(ofClass('UploadSuccessEvent'))
    t.same(event, { type: 'message', class: 'UploadSuccessEvent', code: 200 })
    t.match(body, { attachmentId, downloadUrl: /^http/, timestamp: /^\d{4}-\d\d-\d\dT.*Z$/ })
    t.same(Buffer.from(await (await fetch(local((body as { downloadUrl: string }).downloadUrl))).arrayBuffer()), png)
  }
  t.same(stranger.unread, [], 'another guest hears nothing')
  t.same((await files()).map(file => /^[0-9a-f-]{36}$/.test(file)), [true], 'the file has a name of our own')

  t.match((await request(tab)).attachmentId, /^[0-9a-f-]{36}$/, 'the service makes an id where the client has none')
})

t.test('sends uploads in a message, and gives them fresh URLs in echo, push and history', async t => {
  const { guest, upload, send, local, url } = await startWithUploads(t)
  const tab = await guest()
  const otherTab = await guest({ token: tab.token })
  const { attachmentId: id } = await upload(tab)
  const echo = await send(tab, [id], 'my house')
  const attachment = { id, filename: 'pixel.png', fileSize: png.length, mediaType: 'Image', mime: 'image/png', url: /^http/ }
  t.match(echo, {
    type: 'message',
    class: 'StructuredMessage',
    code: 200,
    body: { type: 'Text', text: 'my house', direction: 'Inbound', content: [{ contentType: 'Attachment', attachment }] }
  })
  t.match(attachmentOf(await otherTab.next(hasContent)), attachment)
  t.match(await send(tab, [id]), { class: 'StructuredMessage' }, 'a message can be files alone, and a file can be sent again')

  const { body } = await tab.request('getJwt')
  const headers = { authorization: `bearer ${(body as { jwt: string }).jwt}` }
  const history = await (await fetch(`${url}/api/v2/webmessaging/messages`, { headers })).json() as { entities: object[] }
  const kept = history.entities.filter(message => 'content' in message).map(message => attachmentOf({ body: message }))
  t.equal(kept.length, 2)
  for (const { url } of [attachmentOf(echo), ...kept]) {
    t.same(Buffer.from(await (await fetch(local(url))).arrayBuffer()), png)
  }
})

t.test('refuses a request, as text or, where the client wants it so, as JSON', async t => {
  const { guest, upload, open, files } = await startWithUploads(t)
  const owner = await guest()
  const { attachmentId: taken } = await upload(owner)
  const other = await guest()
  const without = await open({ deploymentId: anonymousDeploymentId })
  await without.request('configureSession')
  const cases: [string, typeof other, object, number][] = [
    ['a name that is none', other, { fileName: '../../etc/passwd' }, 4004],
    ['a name with a broken character', other, { fileName: 'a\ud800.png' }, 4004],
    ['a name that is too long', other, { fileName: 'a'.repeat(300) }, 4005],
    ['a type that the deployment does not take', other, { fileName: 'a.svg', fileType: 'image/svg+xml' }, 4001],
    ['a blocked extension', other, { fileName: 'a.exe' }, 4001],
    ['an empty file', other, { fileSize: 0 }, 4102],
    ['a file over the mode\'s limit', other, { fileName: 'a.txt', fileType: 'text/plain', fileSize: 2048 * 1024 + 1 }, 4002],
    ['a file over 10 MB', other, { fileSize: 10 * 1024 * 1024 + 1 }, 4002],
    ['a negative size', other, { fileSize: -1 }, 4002],
    ['half a byte', other, { fileSize: 0.5 }, 4002],
    ['a digest that is none', other, { fileMd5: '../../etc/passwd' }, 400],
    ['an id that another guest has', other, { attachmentId: taken }, 400],
    ['the name before the type', other, { fileName: '', fileType: 'x' }, 4004],
    ['the type before the size', other, { fileType: 'x/y', fileSize: 0 }, 4001],
    ['a deployment without uploads', without, {}, 4000]
  ]
  for (const [label, who, fields, code] of cases) {
    const wanted = { ...pngRequest, ...fields }
    t.match(await who.request('onAttachment', wanted), { type: 'response', class: 'string', code, body: /./ }, label)
    const attachmentId = 'attachmentId' in fields ? taken : randomUUID()
    const { body, ...frame } = await who.request('onAttachment', { ...wanted, attachmentId, errorsAsJson: true })
    t.match(frame, { type: 'message', class: 'GenerateUrlError', code: 200 }, `${label}, as JSON`)
    t.match(body, { attachmentId, errorCode: code, errorMessage: /./ })
  }
  for (const [label, fields, code] of [
    ['no name', { fileName: undefined }, 4020], ['no type', { fileType: undefined }, 4020],
    ['a size that is no number', { fileSize: '1' }, 400], ['an id that is no UUID', { attachmentId: '../x' }, 400]
  ] as const) {
    t.match(await other.request('onAttachment', { ...pngRequest, ...fields }), { class: 'string', code }, label)
  }
  t.match(await (await open()).request('onAttachment', pngRequest), { class: 'string', code: 4007 }, 'a socket without a session')
  t.equal((await files()).length, 1)
})

t.test('keeps each file of a name that is fine, and nothing outside its folder', async t => {
  const { guest, upload, local, stateFolder, folder, files } = await startWithUploads(t)
  const visitor = await guest()
  const before = [await readdir(dirname(stateFolder)), (await readdir(stateFolder)).filter(file => !file.startsWith('genesys.sqlite'))]
  const names = ['pixel.png', '👩‍💻.png', 'ملف.png', 'a%2f..%2fb.png', "it's; filename=x.png", `${'é'.repeat(125)}.png`]
  for (const fileName of names) {
    const { downloadUrl } = await upload(visitor, { fields: { ...pngRequest, fileName } })
    const response = await fetch(local(downloadUrl))
    t.equal(response.status, 200, fileName)
    t.equal(parse(response.headers.get('content-disposition')!).parameters['filename'], fileName)
  }
  t.same([await readdir(dirname(stateFolder)), (await readdir(stateFolder)).filter(file => !file.startsWith('genesys.sqlite'))], before)
  t.equal((await files()).filter(file => /^[0-9a-f-]{36}$/.test(file)).length, names.length)
  t.same(await readdir(folder), ['genesys'])
})

t.test('shows nobody else\'s attachments, and takes nobody else\'s away', async t => {
  const { guest, upload, request, send, signedInGuest, local } = await startWithUploads(t)
  const owner = await guest()
  const uploaded = await upload(owner)
  const { attachmentId: waiting } = await request(owner)
  const strangers = { 'another guest': await guest(), 'a guest of another deployment': await signedInGuest(ada) }
  for (const [label, stranger] of Object.entries(strangers)) {
    for (const attachmentId of [uploaded.attachmentId, waiting, randomUUID(), '../x', '']) {
      const answers = [
        await stranger.request('getAttachment', { attachmentId }),
        await stranger.request('deleteAttachment', { attachmentId }),
        await send(stranger, [attachmentId], 'mine')
      ]
      for (const answer of answers) t.match(answer, { class: 'string', code: 4009, body: 'Attachment not found' }, label)
    }
  }
  t.equal((await fetch(local(uploaded.downloadUrl))).status, 200)
  t.match(await owner.request('getAttachment', { attachmentId: uploaded.attachmentId }), {
    type: 'response', class: 'PresignedUrlResponse', code: 200, body: { ...pngRequest, attachmentId: uploaded.attachmentId, headers: {}, url: /^http/ }
  })
})

t.test('sends all files of a message or none', async t => {
  const { guest, upload, request, send } = await startWithUploads(t)
  const visitor = await guest()
  const { attachmentId: there } = await upload(visitor)
  const { attachmentId: notYet } = await request(visitor)
  t.match(await send(visitor, [there, notYet], 'both'), { class: 'string', code: 4010 })
  t.match(await visitor.request('deleteAttachment', { attachmentId: there }), { class: 'AttachmentDeletedResponse' }, 'the other was not sent')
})

t.test('deletes what was not sent yet, and keeps what was', async t => {
  const { guest, upload, request, send, local, put, files } = await startWithUploads(t)
  const visitor = await guest()
  const unsent = await upload(visitor)
  const sent = await upload(visitor)
  await send(visitor, [sent.attachmentId])
  t.equal((await files()).length, 2)

  const { attachmentId } = unsent
  t.match(await visitor.request('deleteAttachment', { attachmentId }), { type: 'message', class: 'AttachmentDeletedResponse', code: 200, body: { attachmentId } })
  t.equal((await files()).length, 1)
  t.equal((await fetch(local(unsent.downloadUrl))).status, 404)
  t.match(await visitor.request('getAttachment', { attachmentId }), { code: 4009 })
  t.match(await send(visitor, [attachmentId]), { code: 4009 })
  t.match(await visitor.request('onAttachment', { ...pngRequest, attachmentId }), { code: 400 }, 'its id is not used again')

  t.match(await visitor.request('deleteAttachment', { attachmentId: sent.attachmentId }), { class: 'string', code: 4009 })
  t.equal((await fetch(local(sent.downloadUrl))).status, 200)

  const waiting = await request(visitor)
  t.match(await visitor.request('deleteAttachment', { attachmentId: waiting.attachmentId }), { class: 'AttachmentDeletedResponse' })
  t.equal((await put(waiting.url, png)).status, 404, 'what was given up cannot be uploaded')
})

t.test('lets an attachment expire that was not uploaded in time', async t => {
  const { guest, request, attachments } = await startWithUploads(t)
  const visitor = await guest()
  const { attachmentId } = await request(visitor)
  await attachments.update(attachmentId, attachment => ({ ...attachment, uploadUntil: Date.now() }))
  t.match(await visitor.request('getAttachment', { attachmentId }), { class: 'string', code: 4008 })
})

t.test('lets attachments live as long as the messages of the session', async t => {
  const { guest, upload, attachments } = await startWithUploads(t)
  const visitor = await guest()
  const { attachmentId } = await upload(visitor)
  t.equal((await attachments.get(attachmentId))?.life, 72 * 60 * 60 * 1.25)
})

t.test('limits how many files a guest may be about to upload', async t => {
  const { guest, request, upload } = await startWithUploads(t)
  const visitor = await guest()
  const { attachmentId } = await request(visitor)
  for (let index = 1; index < 10; index++) await request(visitor)
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 400, body: /too many/ })
  await upload(await guest())
  await visitor.request('deleteAttachment', { attachmentId })
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'PresignedUrlResponse' })
})

t.test('limits how many files a conversation keeps', async t => {
  const { guest, upload, attachments } = await startWithUploads(t)
  const visitor = await guest()
  const kept = (await attachments.get((await upload(visitor)).attachmentId))!
  const keepAnother = () => attachments.set(randomUUID(), kept, { tags: [`kept:${kept.conversationId}`] })
  for (let index = 2; index < 100; index++) await keepAnother()
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'PresignedUrlResponse' })
  await keepAnother()
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 400, body: /too many/ })
})

t.test('takes no upload in a conversation that is read-only', async t => {
  const { guest, upload } = await startWithUploads(t)
  const visitor = await guest()
  const { attachmentId } = await upload(visitor)
  await visitor.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] } })
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 409 })
  t.match(await visitor.request('getAttachment', { attachmentId }), { class: 'PresignedUrlResponse' }, 'what is there can be read')
})

t.test('forgets the files of a conversation that the guest clears or starts anew', async t => {
  const { guest, upload, send, local, files } = await startWithUploads(t)
  for (const [action, fields] of [['onMessage', clear], ['configureSession', { startNew: true }]] as const) {
    const visitor = await guest()
    const [sent, unsent] = [await upload(visitor), await upload(visitor)]
    await send(visitor, [sent.attachmentId])
    t.equal((await files()).length, 2)
    t.match(await visitor.request(action, fields), { code: 200 }, action)
    const again = await guest({ token: visitor.token })
    for (const { attachmentId, downloadUrl } of [sent, unsent]) {
      t.equal((await fetch(local(downloadUrl))).status, 404)
      t.match(await again.request('getAttachment', { attachmentId }), { code: 4009 })
    }
    t.same(await files(), [])
  }
})

t.test('takes what the deployment takes, whichever mode it is', async t => {
  const folder = temporaryFolder(t)
  const { deployments } = configWith(folder)
  const modes = [{ fileTypes: ['image/*'], maxFileSizeKB: 1 }, { fileTypes: ['*/*'], maxFileSizeKB: 2 }]
  const taking = deployments.map((deployment): Deployment => deployment.id === stepUpDeploymentId
    ? { ...deployment, messenger: { ...deployment.messenger, fileUpload: { modes } } }
    : deployment)
  const { guest, upload } = await startWithUploads(t, { deployments: taking }, folder)
  const visitor = await guest({ deploymentId: stepUpDeploymentId })
  const bytes = Buffer.concat([png, Buffer.alloc(2048 - png.length)])
  await upload(visitor, { fields: { ...pngRequest, fileSize: 2048 }, bytes })
  t.match(await visitor.request('onAttachment', { ...pngRequest, fileSize: 2049 }), { code: 4002 })
})
