// What guests do with attachments, and what is kept of them.
import { randomUUID } from 'node:crypto'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parse } from 'content-disposition'
import t from 'tap'
import type { Deployment } from '../../services/genesys/deployments/deployments-file.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { gif, ofClass, png, pngRequest, startWithUploads, type PresignedUrlBody } from './attachment-helper.ts'
import { ada, another, anonymousDeploymentId, buildApp, configWith, stepUpDeploymentId } from './helper.ts'

const { deployments } = configWith('')
const stepUp = deployments.find(({ id }) => id === stepUpDeploymentId)!
const taking = (modes: Deployment['messenger']['fileUpload']['modes']): Deployment =>
  ({ ...stepUp, id: randomUUID(), messenger: { ...stepUp.messenger, fileUpload: { modes } } })
const anyFile = taking([{ fileTypes: ['*/*'], maxFileSizeKB: 100 }])
const twoModes = taking([{ fileTypes: ['image/*'], maxFileSizeKB: 1 }, { fileTypes: ['*/*'], maxFileSizeKB: 2 }])

const lines: string[] = []
const log = { level: 'trace', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
const {
  attachments, filesFromNow, folder, guest, local, open, put, request, send, signedInGuest, stateFolder, upload, url
} = await startWithUploads(t, { log, deployments: [...deployments, anyFile, twoModes] })

const clear = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } }

interface AttachmentBody { id: string, url: string, filename: string, fileSize: number, mediaType: string, mime: string }
const attachmentOf = ({ body }: { body: unknown }) =>
  (body as { content: { contentType: string, attachment: AttachmentBody }[] }).content[0]!.attachment
const hasContent = ({ body }: GuestFrame) => 'content' in (body as object)

t.test('gives a presigned URL, takes the file there, and tells every socket of the session', async t => {
  const files = await filesFromNow()
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
  const files = await filesFromNow()
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
  const files = await filesFromNow()
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
  const visitor = await guest()
  const { attachmentId: there } = await upload(visitor)
  const { attachmentId: notYet } = await request(visitor)
  t.match(await send(visitor, [there, notYet], 'both'), { class: 'string', code: 4010 })
  t.match(await visitor.request('deleteAttachment', { attachmentId: there }), { class: 'AttachmentDeletedResponse' }, 'the other was not sent')
})

t.test('deletes what was not sent yet, and keeps what was', async t => {
  const files = await filesFromNow()
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
  const visitor = await guest()
  const { attachmentId } = await request(visitor)
  await attachments.update(attachmentId, attachment => ({ ...attachment, uploadUntil: Date.now() }))
  t.match(await visitor.request('getAttachment', { attachmentId }), { class: 'string', code: 4008 })
})

t.test('lets attachments live as long as the messages of the session', async t => {
  const visitor = await guest()
  const { attachmentId } = await upload(visitor)
  t.equal((await attachments.get(attachmentId))?.life, 72 * 60 * 60 * 1.25)
})

t.test('limits how many files a guest may be about to upload', async t => {
  const visitor = await guest()
  const { attachmentId } = await request(visitor)
  for (let index = 1; index < 10; index++) await request(visitor)
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 400, body: /too many/ })
  await upload(await guest())
  await visitor.request('deleteAttachment', { attachmentId })
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'PresignedUrlResponse' })
})

t.test('limits how many files a conversation keeps', async t => {
  const visitor = await guest()
  const kept = (await attachments.get((await upload(visitor)).attachmentId))!
  const keepAnother = () => attachments.set(randomUUID(), kept, { tags: [`kept:${kept.conversationId}`] })
  for (let index = 2; index < 100; index++) await keepAnother()
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'PresignedUrlResponse' })
  await keepAnother()
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 400, body: /too many/ })
})

t.test('has room for so many bytes of files, however many guests there are, and half of it for anonymous ones', async t => {
  const MB = 1024 * 1024
  const { guest, request, put, upload, signedInGuest } = await startWithUploads(t, { maxStateBytes: 20 * MB })
  const bytes = Buffer.concat([png, Buffer.alloc(4 * MB - png.length)])
  const fields = { ...pngRequest, fileSize: bytes.length }
  const guests = await Promise.all([1, 2, 3].map(() => guest()))
  for (const each of guests.slice(0, 2)) await upload(each, { fields, bytes })

  const late = guests[2]!
  const noRoom = 'Request failed. There is no room for more at the moment.'
  t.match(await late.request('onAttachment', fields), { class: 'string', code: 400, body: noRoom })
  t.match(await late.request('onAttachment', { ...fields, errorsAsJson: true }), { class: 'GenerateUrlError', body: { errorCode: 400, errorMessage: noRoom } })
  const unannounced = { fileName: 'a.png', fileType: 'image/png' }
  const [one, other] = [await request(late, unannounced), await request(late, unannounced)]
  const answers = await Promise.all([one, other].map(({ url }) => put(url, new Uint8Array(bytes))))
  for (const answer of answers) {
    t.equal(answer.status, 503)
    t.match(await answer.json(), { message: noRoom, code: 'service.unavailable' })
    t.match(await late.next(ofClass('UploadFailureEvent')), { body: { errorCode: 400, errorMessage: noRoom } })
  }
  await upload(late)

  const person = await signedInGuest(ada, { deploymentId: stepUpDeploymentId })
  await upload(person, { fields, bytes })
  await guests[0]!.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } })
  await guests[1]!.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } })
  await upload(late, { fields, bytes })
})

t.test('ends the URLs of files and the JWT of the history when the person signs out, and the agent still sees the file', async t => {
  const { app, url, request, put, upload, send, local, signedInGuest, open, tokens } = await startWithUploads(t, { lab: true, agent: 'desk' })
  const person = another(ada)
  const guest = await signedInGuest(person, { deploymentId: stepUpDeploymentId })
  const bystander = await signedInGuest(another(ada), { deploymentId: stepUpDeploymentId })
  const historyOf = async (guest: Guest) => {
    const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
    return async () => (await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } }))
  }
  const get = async (url: string) => {
    const response = await fetch(local(url))
    await response.arrayBuffer()
    return response.status
  }

  const theirs = await upload(bystander)
  const theirHistory = await historyOf(bystander)
  const { attachmentId, downloadUrl } = await upload(guest)
  const echoed = ((await send(guest, [attachmentId])).body as { content: { attachment: { url: string } }[] }).content[0]!.attachment.url
  const asked = ((await guest.request('getAttachment', { attachmentId })).body as PresignedUrlBody).url
  const unused = await request(guest)
  const history = await historyOf(guest)
  const fromHistory = (await history()).json().entities.find(({ content }: { content?: object }) => content).content[0].attachment.url
  const downloads = [downloadUrl, echoed, asked, fromHistory]
  t.same(await Promise.all(downloads.map(get)), [200, 200, 200, 200])
  const atTheDesk = new Desk(url, 'genesys.localhost:3002')
  const conversations = await atTheDesk.list()
  const hers = conversations.entities.find(({ guest }) => guest.sub === person.sub)!
  const agentUrl = (hers.lastMessage as { content: { attachment: { url: string } }[] }).content[0]!.attachment.url

  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: person })
  await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
  t.same(await Promise.all(downloads.map(get)), [403, 403, 403, 403])
  t.match(await (await put(unused.url, new Uint8Array(png))).json(), { status: 403 })
  t.equal((await history()).statusCode, 401)
  t.equal(await get(agentUrl), 200)
  t.equal(await get(theirs.downloadUrl), 200)
  t.equal((await theirHistory()).statusCode, 200)

  const again = await open({ deploymentId: stepUpDeploymentId, token: guest.token })
  const { jwt: code } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: person })
  t.match(await again.request('configureAuthenticatedSession', { data: { code } }), { body: { newSession: false } })
  t.equal((await (await historyOf(again))()).statusCode, 200, 'who signs in again goes on')
  t.equal(await get(((await again.request('getAttachment', { attachmentId })).body as PresignedUrlBody).url), 200)
  t.same(await Promise.all(downloads.map(get)), [403, 403, 403, 403], 'and what was handed out before stays over')
})

t.test('takes no upload in a conversation that is read-only', async t => {
  const visitor = await guest()
  const { attachmentId } = await upload(visitor)
  await visitor.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] } })
  t.match(await visitor.request('onAttachment', pngRequest), { class: 'string', code: 409 })
  t.match(await visitor.request('getAttachment', { attachmentId }), { class: 'PresignedUrlResponse' }, 'what is there can be read')
})

t.test('forgets the files of a conversation that the guest clears or starts anew', async t => {
  const files = await filesFromNow()
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
  const visitor = await guest({ deploymentId: twoModes.id })
  const bytes = Buffer.concat([png, Buffer.alloc(2048 - png.length)])
  await upload(visitor, { fields: { ...pngRequest, fileSize: 2048 }, bytes })
  t.match(await visitor.request('onAttachment', { ...pngRequest, fileSize: 2049 }), { code: 4002 })
})

t.test('serves a file so that it does no harm in a browser', async t => {
  const visitor = await guest({ deploymentId: anyFile.id })
  const page = Buffer.from('<script>alert(1)</script>')
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
  const cases: [string, string, Buffer, string][] = [
    ['pixel.png', 'image/png', png, 'inline'],
    ['a.txt', 'text/plain', page, 'attachment'],
    ['page', 'text/html', page, 'attachment'],
    ['drawing.xml', 'image/svg+xml', svg, 'attachment'],
    ['a.bin', 'application/octet-stream', page, 'attachment']
  ]
  for (const [fileName, fileType, bytes, disposition] of cases) {
    const { downloadUrl } = await upload(visitor, { fields: { fileName, fileType, fileSize: bytes.length }, bytes })
    const response = await fetch(local(downloadUrl), { headers: { origin: 'http://app.localhost:3000' } })
    t.same(Buffer.from(await response.arrayBuffer()), bytes, fileType)
    t.match(Object.fromEntries(response.headers), {
      'content-type': new RegExp(`^${fileType.replace('+', '\\+')}(; charset=utf-8)?$`),
      'content-length': String(bytes.length),
      'content-disposition': new RegExp(`^${disposition}; filename="?${fileName}"?$`),
      'content-security-policy': /default-src 'none'.*; sandbox$/,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin'
    })
  }
  const { downloadUrl } = await upload(visitor)
  const part = await fetch(local(downloadUrl), { headers: { range: 'bytes=1-3' } })
  t.equal(part.status, 206)
  t.equal(await part.text(), 'PNG')
})

t.test('removes what nobody keeps, once it is old, and nothing else', async t => {
  const files = await filesFromNow()
  const visitor = await guest()
  const kept = await upload(visitor)
  const [keptFile] = await files()

  const inFolder = (file: string) => join(stateFolder, 'attachments', file)
  const old = [randomUUID(), `${randomUUID()}.part`]
  const recent = [randomUUID(), `${randomUUID()}.part`]
  for (const file of [...old, ...recent]) await writeFile(inFolder(file), png)
  for (const file of [...old, keptFile!]) await utimes(inFolder(file), 0, 0)

  await buildApp(t, {}, folder)
  await until('the old ones are gone', async () => (await files()).length === 3)
  t.same((await files()).toSorted(), [keptFile!, ...recent].toSorted())
  const { body } = await visitor.request('getAttachment', { attachmentId: kept.attachmentId })
  t.equal((await fetch(local((body as { url: string }).url))).status, 200)
})

t.test('logs neither tokens nor what guests call their files', async t => {
  const visitor = await guest()
  const fields = { ...pngRequest, fileName: 'my-diagnosis.png' }
  const { downloadUrl, url } = await upload(visitor, { fields })
  await fetch(local(downloadUrl))
  await fetch(local(downloadUrl.replace('token=', 'token=x')))
  await put(url, png)
  const other = await request(visitor, fields)
  await put(other.url, gif)
  const logged = lines.join('')
  t.match(logged, /PUT \/attachments\//)
  t.notMatch(logged, /my-diagnosis|eyJ/)
})

t.test('a download URL does not tell what the guest calls the file, but whoever follows it is told', async t => {
  const writer = await guest()
  const { attachmentId, downloadUrl } = await upload(writer)
  const sent = await send(writer, [attachmentId])
  const { content } = sent.body as { content: [{ attachment: { url: string } }] }
  const again = (await writer.request('getAttachment', { attachmentId })).body as { url: string }
  for (const url of [downloadUrl, content[0].attachment.url, again.url]) {
    t.equal(new URL(url).pathname, `/attachments/${attachmentId}`)
    const response = await fetch(local(url))
    t.equal(response.status, 200)
    t.match(response.headers.get('content-disposition'), /filename="?pixel\.png/)
  }
})
