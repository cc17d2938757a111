import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { lookup } from '#lib/loopback-names.ts'
import { connect, type Guest } from '../helpers/guest.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { ofClass, png, pngRequest, stepUpDeploymentId, type PresignedUrlBody } from './attachment-helper.ts'
import { env, temporaryFolder } from './helper.ts'

/** Genesys in a process of its own, which can be killed. */
async function prepareProcess (t: Test) {
  const folder = temporaryFolder(t)
  const settings = { ...env, ...await freePorts(), STATE_DIR: folder }
  const url = `http://genesys.localhost:${settings.GENESYS_PORT}`
  let running: ChildProcess | undefined
  const kill = async () => {
    if (running?.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'exit')
  }
  t.teardown(kill)
  return {
    folder: join(folder, 'genesys', 'attachments'),
    kill,
    async start () {
      running = spawn(process.execPath, [join(root, 'services/genesys/server.ts')], { env: settings, stdio: 'inherit' })
      await until('Genesys is ready', async () => (await fetch(`${url}/readyz`)).status === 200)
    },
    async enter (token?: string): Promise<Guest> {
      const guest = await connect(url, { deploymentId: stepUpDeploymentId, ...(token !== undefined && { token }) })
      t.teardown(() => guest.close())
      await guest.request('configureSession')
      return guest
    }
  }
}

const put = (url: string, body: Buffer) => fetch(url, { method: 'PUT', headers: { 'content-type': 'image/png' }, body: new Uint8Array(body) })

t.test('keeps what was uploaded, and offers nothing half, after kill -9 in the middle of an upload', async t => {
  const { folder, kill, start, enter } = await prepareProcess(t)
  await start()
  const guest = await enter()
  const request = async (fields: object) => (await guest.request('onAttachment', fields)).body as PresignedUrlBody

  const whole = await request(pngRequest)
  t.equal((await put(whole.url, png)).status, 200)
  t.match(await guest.next(ofClass('UploadSuccessEvent')), { body: { attachmentId: whole.attachmentId } })

  const large = Buffer.concat([png, Buffer.alloc(5_000_000)])
  const half = await request({ ...pngRequest, fileSize: large.length })
  const upload = httpRequest(half.url, { method: 'PUT', lookup, headers: { 'content-type': 'image/png', 'content-length': large.length } })
  upload.on('error', () => {})
  upload.write(large.subarray(0, 3_000_000))
  await until('half of it is there', async () => {
    const draft = (await readdir(folder)).find(file => file.endsWith('.part'))
    return draft !== undefined && (await stat(join(folder, draft))).size === 3_000_000
  })
  await kill()
  upload.destroy()

  await start()
  const again = await enter(guest.token)
  const send = (id: string) => again.request('onMessage', { message: { type: 'Text', content: [{ contentType: 'Attachment', attachment: { id } }] } })
  t.match(await again.request('getAttachment', { attachmentId: half.attachmentId }), { class: 'string', code: 4010 })
  t.match(await send(half.attachmentId), { class: 'string', code: 4010 })

  const { body } = await again.request('getAttachment', { attachmentId: whole.attachmentId })
  t.same(Buffer.from(await (await fetch((body as PresignedUrlBody).url)).arrayBuffer()), png)
  t.match(await send(whole.attachmentId), { class: 'StructuredMessage', code: 200 })

  t.equal((await put(half.url, large)).status, 200, 'the URL from before takes the whole file now')
  t.match(await again.request('getAttachment', { attachmentId: half.attachmentId }), { class: 'PresignedUrlResponse', body: { fileSize: large.length } })
})

t.test('says that an upload is there only where it is, whenever kill -9 comes', async t => {
  const { folder, kill, start, enter } = await prepareProcess(t)
  await start()
  let guest = await enter()
  for (let round = 0; round < 5; round++) {
    const uploads = await Promise.all([1, 2, 3, 4].map(async () =>
      (await guest.request('onAttachment', { ...pngRequest, fileSize: 200_000 })).body as PresignedUrlBody))
    const acknowledged = new Set<string>()
    const bytes = Buffer.concat([png, Buffer.alloc(200_000 - png.length, round)])
    const sent = Promise.allSettled(uploads.map(async ({ url, attachmentId }) => {
      if ((await put(url, bytes)).status === 200) acknowledged.add(attachmentId)
    }))
    // Each round a little later: before the first file is complete, up to after the last.
    await until('enough is there to kill it', async () => (await readdir(folder)).filter(file => !file.endsWith('.part')).length >= round)
    await kill()
    await sent
    await start()
    guest = await enter(guest.token)
    for (const { attachmentId } of uploads) {
      const answer = await guest.request('getAttachment', { attachmentId })
      if (answer.code === 200) {
        t.same(Buffer.from(await (await fetch((answer.body as PresignedUrlBody).url)).arrayBuffer()), bytes, 'what is offered is whole')
      } else {
        t.match(answer, { code: 4010 })
        t.notOk(acknowledged.has(attachmentId), 'what was acknowledged is kept')
      }
      await guest.request('deleteAttachment', { attachmentId })
    }
  }
})
