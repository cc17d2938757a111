// What a presigned URL takes and gives, and that it outlives kill -9.
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { buildServer } from '#lib/server/http-server.ts'
import { lookup } from '#lib/outbound/loopback-names.ts'
import { fetch as fetchByName } from '#lib/outbound/outbound.ts'
import { openStore } from '#lib/store/open-store.ts'
import { FileSecrets } from '#lib/store/sqlite/file-secrets.ts'
import { AttachmentFiles } from '../../services/genesys/attachments/attachment-files.ts'
import { AttachmentStore } from '../../services/genesys/attachments/attachment-store.ts'
import { Jwts } from '../../services/genesys/auth/jwt.ts'
import { Connections } from '../../services/genesys/sessions/connections.ts'
import { ConversationEvents } from '../../services/genesys/sessions/conversation-events.ts'
import type { GuestSession } from '../../services/genesys/sessions/guest-session.ts'
import { SessionStore } from '../../services/genesys/sessions/session-store.ts'
import { StorageQuota } from '../../services/genesys/sessions/storage-quota.ts'
import { connect, type Guest } from '../helpers/guest.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { gif, ofClass, png, pngRequest, startWithUploads, type PresignedUrlBody } from './attachment-helper.ts'
import { configWith, env, stepUpDeploymentId } from './helper.ts'

const lines: string[] = []
const log = { level: 'info', format: 'json' as const, destination: { write: (line: string) => { lines.push(line) } } }
const { filesFromNow, guest, local, put, request, stateFolder, upload, url } = await startWithUploads(t, { log })

const tokenOf = (url: string) => new URL(url).searchParams.get('token')!
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest('hex')
const padded = (size: number) => Buffer.concat([png, Buffer.alloc(size - png.length)])

t.test('refuses an upload that is not what was announced, says so on every socket, and lets the guest try again', async t => {
  const files = await filesFromNow()
  const tab = await guest()
  const otherTab = await guest({ token: tab.token })
  const changed = Buffer.from(png)
  changed[png.length - 1]! ^= 1
  const text = { fileName: 'a.txt', fileType: 'text/plain', fileSize: 3 }
  const cases: [string, object, Buffer | string, number, number][] = [
    ['one byte more', pngRequest, padded(png.length + 1), 413, 4002],
    ['a megabyte more', pngRequest, padded(1024 * 1024), 413, 4002],
    ['one byte less', pngRequest, png.subarray(1), 400, 4003],
    ['one byte less at the end', pngRequest, png.subarray(0, -1), 400, 4002],
    ['nothing', pngRequest, '', 400, 4102],
    ['another content', { ...pngRequest, fileMd5: md5(png) }, changed, 400, 4003],
    ['another content, the digest in Base64', { ...pngRequest, fileMd5: Buffer.from(md5(png), 'hex').toString('base64') }, changed, 400, 4003],
    ['another type of image', { ...pngRequest, fileSize: gif.length }, gif, 400, 4003],
    ['text that is none', text, Buffer.from([0xff, 0xfe, 0x41]), 400, 4003],
    ['text with NUL', text, 'a\0b', 400, 4003],
    ['more than the mode takes, of a size that was not announced', { ...text, fileSize: undefined }, 'x'.repeat(2048 * 1024 + 1), 413, 4002]
  ]
  for (const [label, fields, bytes, status, errorCode] of cases) {
    const { attachmentId, url, headers } = await request(tab, fields)
    const response = await put(url, bytes, headers)
    t.match({ status: response.status, body: await response.json() }, { status, body: { status, code: /\./, message: /./, contextId: /./ } }, label)
    for (const socket of [tab, otherTab]) {
      t.match(await socket.next(ofClass('UploadFailureEvent')), {
        type: 'message', code: 200, body: { attachmentId, errorCode, errorMessage: /./, timestamp: /Z$/ }
      })
    }
    t.match(await tab.request('getAttachment', { attachmentId }), { code: 4010 })
    t.same(await files(), [], `${label}: leaves nothing behind`)
    await tab.request('deleteAttachment', { attachmentId })
  }

  const { attachmentId, url } = await request(tab, { ...pngRequest, fileMd5: md5(png) })
  t.equal((await put(url, changed)).status, 400)
  t.equal((await put(url, png)).status, 200, 'the same URL takes the right content')
  t.match(await tab.next(ofClass('UploadSuccessEvent')), { body: { attachmentId } })
})

t.test('leaves nothing behind of an upload that breaks off, and takes it again', async t => {
  const files = await filesFromNow()
  const visitor = await guest()
  const bytes = padded(100_000)
  const { url } = await request(visitor, { ...pngRequest, fileSize: bytes.length })
  const half = httpRequest(local(url), { method: 'PUT', headers: { 'content-type': 'image/png', 'content-length': bytes.length } })
  half.on('error', () => {})
  half.write(bytes.subarray(0, 50_000))
  await until('the upload is under way', async () => (await files()).some(file => file.endsWith('.part')))
  half.destroy()
  await until('it is cleared away', async () => (await files()).length === 0)
  t.equal((await put(url, bytes)).status, 200)
  t.equal((await files()).length, 1)
  t.same(lines.filter(line => JSON.parse(line).level >= 50), [], 'no reason to alarm anybody')
})

t.test('takes an upload of a size that was not announced', async t => {
  const visitor = await guest()
  const { attachmentId } = await upload(visitor, { fields: { ...pngRequest, fileSize: undefined } })
  t.match(await visitor.request('getAttachment', { attachmentId }), { body: { fileSize: png.length } })
})

t.test('takes uploads and gives downloads for the token of the URL alone', async t => {
  const visitor = await guest()
  const waiting = await request(visitor)
  const there = await upload(visitor)
  const jwts = await Jwts.open(new FileSecrets(stateFolder), configWith('').url)
  const { access } = decodeJwt<{ access: string }>(tokenOf(there.downloadUrl))
  const sign = async (use: string, attachment: string, life = 60) => (await jwts.sign(use, { attachment, access }, life)).jwt
  const file = there.attachmentId
  const nobodys = randomUUID()
  const cases: [string, 'PUT' | 'GET', string, string | undefined, number][] = [
    ['no token', 'PUT', waiting.attachmentId, undefined, 401],
    ['no JWT', 'PUT', waiting.attachmentId, 'x.y.z', 403],
    ['the token of another attachment', 'PUT', waiting.attachmentId, tokenOf(there.url), 403],
    ['a token for downloads', 'PUT', waiting.attachmentId, await sign('guest-download', waiting.attachmentId), 403],
    ['a token that has expired', 'PUT', waiting.attachmentId, await sign('guest-upload', waiting.attachmentId, -1), 403],
    ['an attachment that nobody asked for', 'PUT', nobodys, await sign('guest-upload', nobodys), 404],
    ['no token', 'GET', file, undefined, 401],
    ['no JWT', 'GET', file, 'x.y.z', 403],
    ['the token of another attachment', 'GET', waiting.attachmentId, tokenOf(there.downloadUrl), 403],
    ['a token for uploads', 'GET', file, tokenOf(there.url), 403],
    ['a token that has expired', 'GET', file, await sign('guest-download', there.attachmentId, -1), 403],
    ['an attachment that is not uploaded', 'GET', waiting.attachmentId, await sign('guest-download', waiting.attachmentId), 404],
    ['an attachment that there is not', 'GET', nobodys, await sign('guest-download', nobodys), 404]
  ]
  for (const [label, method, path, token, status] of cases) {
    const address = `${url}/attachments/${path}${token === undefined ? '' : `?token=${token}`}`
    const response = method === 'PUT' ? await put(address, png) : await fetch(address)
    t.match({ status: response.status, body: await response.json() }, { status, body: { status, message: /./ } }, `${method} with ${label}`)
  }
  for (const [label, headers] of Object.entries({ 'another content type': { 'content-type': 'image/gif' }, 'no content type': {} as Record<string, string> })) {
    t.equal((await put(waiting.url, new Uint8Array(png), headers)).status, 415, label)
  }
  t.equal((await put(waiting.url, png)).status, 200)
  t.equal((await fetch(local(there.downloadUrl))).status, 200)
  t.notMatch(there.downloadUrl, 'pixel', 'the file\'s name is not in the URL, which may be logged')
})

t.test('takes one upload for a URL, of several at once too', async t => {
  const files = await filesFromNow()
  const visitor = await guest()
  const { url, attachmentId } = await request(visitor, { ...pngRequest, fileSize: 100_000 })
  const candidates = Array.from({ length: 8 }, (_, index) => Buffer.concat([padded(99_999), Buffer.from([index])]))
  const answers = await Promise.all(candidates.map(bytes => put(url, new Uint8Array(bytes))))
  const statuses = answers.map(({ status }) => status)
  t.same(statuses.toSorted(), [200, ...Array(7).fill(403)])
  t.equal((await put(url, new Uint8Array(candidates[0]!))).status, 403, 'nor another later')
  t.equal((await files()).length, 1)
  const { body } = await visitor.request('getAttachment', { attachmentId })
  const kept = Buffer.from(await (await fetch(local((body as { url: string }).url))).arrayBuffer())
  t.same(kept.at(-1), statuses.indexOf(200), 'what is kept is what was acknowledged')
})

t.test('takes one of two uploads at two replicas', async t => {
  const folder = temporaryFolder(t)
  const session: GuestSession = {
    key: 'key',
    deploymentId: stepUpDeploymentId,
    conversationId: randomUUID(),
    readOnly: false,
    startedAt: 0,
    lastActive: 0,
    expiresAt: 0,
    prolongedAt: 0,
    durationSeconds: 60
  }
  const deployment = configWith(folder).deployments.find(({ id }) => id === stepUpDeploymentId)!
  const replicas = await Promise.all([1, 2].map(async () => {
    const store = await openStore({ name: 'genesys', stateFolder: folder })
    const events = await ConversationEvents.open(store)
    const replica = new AttachmentStore({
      store,
      files: new AttachmentFiles(join(folder, 'attachments')),
      quota: new StorageQuota({ capacityBytes: Infinity, usedBytes: () => 0 }),
      jwts: await Jwts.open(store.secrets, 'http://genesys.localhost'),
      url: 'http://genesys.localhost',
      sessions: new SessionStore(store, events),
      connections: await Connections.open(store, events),
      log: buildServer(configWith(folder)).log
    })
    t.teardown(async () => {
      await replica.stop()
      await store.close()
    })
    return replica
  }))
  for (let round = 0; round < 10; round++) {
    const { attachmentId } = await replicas[0]!.request(session, deployment, pngRequest)
    const results = await Promise.allSettled(replicas.map(replica => replica.receive(attachmentId, { contentType: 'image/png', bytes: [png] })))
    t.same(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    t.match(results.find(({ status }) => status === 'rejected'), { reason: { status: 403 } })
  }
})

t.test('lets pages of other origins upload', async t => {
  const response = await fetch(`${url}/attachments/x?token=y`, {
    method: 'OPTIONS',
    headers: { origin: 'http://app.localhost:3000', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type' }
  })
  t.match(Object.fromEntries(response.headers), {
    'access-control-allow-origin': '*', 'access-control-allow-methods': /PUT/, 'access-control-allow-headers': /content-type/
  })
})

t.test('has an upload on the disk while it still comes, and so holds none in memory', async t => {
  const files = await filesFromNow()
  const size = 10 * 1024 * 1024
  const part = Buffer.alloc(64 * 1024)
  const visitor = await guest()
  const { url } = await request(visitor, { ...pngRequest, fileSize: size })

  async function * slowly () {
    yield padded(part.length)
    for (let sent = part.length; sent < size - part.length; sent += part.length) yield part
    await until('all but the last part is written', async () => {
      const [file] = await files()
      return (await stat(join(stateFolder, 'attachments', file!))).size === size - part.length
    })
    yield part
  }
  t.equal((await put(url, Readable.from(slowly()) as unknown as RequestInit['body'])).status, 200)
})

/** Genesys in a process of its own, which can be killed. */
const folder = temporaryFolder(t)
const settings = { ...env, ...await freePorts(), STATE_DIR: folder }
const killable = `http://genesys.localhost:${settings.GENESYS_PORT}`
let running: ChildProcess | undefined

async function startProcess () {
  running = spawn(process.execPath, [join(root, 'services/genesys/server.ts')], { env: { ...process.env, ...settings }, stdio: 'inherit' })
  await until('Genesys is ready', async () => (await fetchByName(`${killable}/readyz`)).status === 200)
}

async function kill () {
  if (running?.exitCode !== null || running.signalCode !== null) return
  running.kill('SIGKILL')
  await once(running, 'exit')
}
t.teardown(kill)

async function enter (t: Test, token?: string): Promise<Guest> {
  const guest = await connect(killable, { deploymentId: stepUpDeploymentId, ...(token !== undefined && { token }) })
  t.teardown(() => guest.close())
  await guest.request('configureSession')
  return guest
}

const putByName = (url: string, body: Buffer) =>
  fetchByName(url, { method: 'PUT', headers: { 'content-type': 'image/png' }, body: new Uint8Array(body) })

t.test('keeps what was uploaded, and offers nothing half, after kill -9 in the middle of an upload', async t => {
  await startProcess()
  const guest = await enter(t)
  const request = async (fields: object) => (await guest.request('onAttachment', fields)).body as PresignedUrlBody

  const whole = await request(pngRequest)
  t.equal((await putByName(whole.url, png)).status, 200)
  t.match(await guest.next(ofClass('UploadSuccessEvent')), { body: { attachmentId: whole.attachmentId } })

  const large = padded(5_000_000)
  const half = await request({ ...pngRequest, fileSize: large.length })
  const upload = httpRequest(half.url, { method: 'PUT', lookup, headers: { 'content-type': 'image/png', 'content-length': large.length } })
  upload.on('error', () => {})
  upload.write(large.subarray(0, 3_000_000))
  const attachments = join(folder, 'genesys', 'attachments')
  await until('half of it is there', async () => {
    const draft = (await readdir(attachments)).find(file => file.endsWith('.part'))
    return draft !== undefined && (await stat(join(attachments, draft))).size === 3_000_000
  })
  await kill()
  upload.destroy()

  await startProcess()
  const again = await enter(t, guest.token)
  const send = (id: string) => again.request('onMessage', { message: { type: 'Text', content: [{ contentType: 'Attachment', attachment: { id } }] } })
  t.match(await again.request('getAttachment', { attachmentId: half.attachmentId }), { class: 'string', code: 4010 })
  t.match(await send(half.attachmentId), { class: 'string', code: 4010 })

  const { body } = await again.request('getAttachment', { attachmentId: whole.attachmentId })
  t.same(Buffer.from(await (await fetchByName((body as PresignedUrlBody).url)).arrayBuffer()), png)
  t.match(await send(whole.attachmentId), { class: 'StructuredMessage', code: 200 })

  t.equal((await putByName(half.url, large)).status, 200, 'the URL from before takes the whole file now')
  t.match(await again.request('getAttachment', { attachmentId: half.attachmentId }), { class: 'PresignedUrlResponse', body: { fileSize: large.length } })
})

t.test('says that an upload is there only where it is, whenever kill -9 comes', async t => {
  const attachments = join(folder, 'genesys', 'attachments')
  const complete = async () => (await readdir(attachments)).filter(file => !file.endsWith('.part')).length
  const before = await complete()
  const guests = await Promise.all([1, 2, 3].map(() => enter(t)))
  const acknowledged = new Set<string>()
  const uploads = (await Promise.all(guests.map((guest, index) => Promise.all(Array.from({ length: 8 }, async () => {
    const { attachmentId, url } = (await guest.request('onAttachment', { ...pngRequest, fileSize: 200_000 })).body as PresignedUrlBody
    return { token: guest.token, attachmentId, url, bytes: Buffer.concat([padded(199_999), Buffer.from([index])]) }
  }))))).flat()
  const sent = Promise.allSettled(uploads.map(async ({ url, attachmentId, bytes }) => {
    if ((await putByName(url, bytes)).status === 200) acknowledged.add(attachmentId)
  }))
  // Some are complete then, some are not, and each of the others is somewhere in between.
  await until('some are there', async () => await complete() > before + 3)
  await kill()
  await sent

  const { guest, local } = await startWithUploads(t, { url: killable }, folder)
  for (const { token, attachmentId, bytes } of uploads) {
    const again = await guest({ token })
    const answer = await again.request('getAttachment', { attachmentId })
    await again.close()
    if (answer.code === 200) {
      t.same(Buffer.from(await (await fetch(local((answer.body as PresignedUrlBody).url))).arrayBuffer()), bytes, 'what is offered is whole')
    } else {
      t.match(answer, { code: 4010 })
      t.notOk(acknowledged.has(attachmentId), 'what was acknowledged is kept')
    }
  }
})
