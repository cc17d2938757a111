import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { fetchHistory } from '../helpers/history.ts'
import type { Lab } from '../helpers/lab.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')

interface PresignedUrl { attachmentId: string, url: string, headers: Record<string, string> }

const isSuccess = (frame: GuestFrame) => frame.class === 'UploadSuccessEvent'
const urlsIn = (message: unknown) =>
  ((message as { content?: { attachment: { url: string } }[] }).content ?? []).map(({ attachment }) => attachment.url)

/** Files in the conversation, as a page uploads and shows them. */
export async function attachments (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  async function signedInGuest (username: string): Promise<Guest> {
    const browser = new Browser(lab)
    await browser.signIn(username)
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    return guest
  }

  const announce = (guest: Guest, fields: object = {}) => guest.request('onAttachment', {
    fileName: 'my house.png', fileType: 'image/png', fileSize: png.length, fileMd5: createHash('md5').update(png).digest('hex'), errorsAsJson: true, ...fields
  })

  async function put ({ url, headers }: PresignedUrl, bytes: Buffer): Promise<number> {
    const response = await fetch(url, { method: 'PUT', headers: { ...headers, origin: lab.app }, body: new Uint8Array(bytes) })
    await response.arrayBuffer()
    return response.status
  }

  const load = async (url: string) => Buffer.from(await (await fetch(url, { headers: { origin: lab.app } })).arrayBuffer())

  await t.test('a picture goes to the presigned URL, then into a message, and can be seen there and in the history', async t => {
    const alice = await signedInGuest('alice')
    const { class: answer, body } = await announce(alice)
    t.equal(answer, 'PresignedUrlResponse')
    const presigned = body as PresignedUrl
    t.ok(presigned.url.startsWith(`${lab.genesys}/`))
    t.equal(await put(presigned, png), 200)
    const { attachmentId } = presigned
    t.match(await alice.next(isSuccess), { type: 'message', body: { attachmentId } })
    t.equal(await put(presigned, png), 403, 'the URL has served its purpose')

    const content = [{ contentType: 'Attachment', attachment: { id: attachmentId } }]
    const echo = await alice.request('onMessage', { message: { type: 'Text', text: 'this is it', content } })
    t.match(echo, {
      class: 'StructuredMessage',
      code: 200,
      body: { type: 'Text', text: 'this is it', content: [{ contentType: 'Attachment', attachment: { id: attachmentId, filename: 'my house.png', mediaType: 'Image', mime: 'image/png', fileSize: png.length } }] }
    })
    const inHistory = (await fetchHistory(lab, alice)).flatMap(urlsIn)
    t.equal(inHistory.length, 1)
    for (const url of [...urlsIn(echo.body), ...inHistory]) t.same(await load(url), png)
    await alice.close()
  })

  await t.test('nobody gets another person\'s file by its id', async t => {
    const [alice, bob] = [await signedInGuest('alice'), await signedInGuest('bob')]
    const presigned = (await announce(alice)).body as PresignedUrl
    await put(presigned, png)
    const { downloadUrl } = (await alice.next(isSuccess)).body as { downloadUrl: string }
    const { attachmentId } = presigned
    const content = [{ contentType: 'Attachment', attachment: { id: attachmentId } }]
    for (const [action, fields] of [
      ['getAttachment', { attachmentId }],
      ['deleteAttachment', { attachmentId }],
      ['onMessage', { message: { type: 'Text', text: 'mine', content } }]
    ] as const) {
      t.match(await bob.request(action, fields), { class: 'string', code: 4009 }, action)
    }
    t.match(await announce(bob, { attachmentId }), { class: 'GenerateUrlError', body: { attachmentId, errorCode: 400 } })
    const own = (await announce(bob)).body as PresignedUrl
    const withBobsToken = new URL(downloadUrl)
    withBobsToken.search = new URL(own.url).search
    for (const url of [withBobsToken.href, downloadUrl.split('?')[0]!]) {
      const { status } = await fetch(url)
      t.ok([401, 403].includes(status), `${status} without a URL that was signed for it`)
    }
    t.same(await load(downloadUrl), png, 'it is still there')
    await Promise.all([alice.close(), bob.close()])
  })

  await t.test('a type that the deployment does not take is refused, and so is content that is of another type', async t => {
    const alice = await signedInGuest('alice')
    t.match(await announce(alice, { fileName: 'drawing.xml', fileType: 'image/svg+xml' }), {
      type: 'message', class: 'GenerateUrlError', body: { errorCode: 4001, errorMessage: /./ }
    })
    const page = Buffer.from('<script>alert(1)</script>')
    const presigned = (await announce(alice, { fileSize: page.length, fileMd5: undefined })).body as PresignedUrl
    t.equal(await put(presigned, page), 400)
    t.match(await alice.next(frame => frame.class === 'UploadFailureEvent'), {
      body: { attachmentId: presigned.attachmentId, errorCode: 4003 }
    })
    await alice.close()
  })
}
