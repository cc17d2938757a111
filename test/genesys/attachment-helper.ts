import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Attachment } from '../../services/genesys/attachments/attachment.ts'
import type { GenesysConfig } from '../../services/genesys/config.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { configWith, startGenesys, stepUpDeploymentId } from './helper.ts'

/** An image of one pixel. */
export const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
export const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

/** What a guest asks for to upload the image. */
export const pngRequest = { fileName: 'pixel.png', fileType: 'image/png', fileSize: png.length }

export interface PresignedUrlBody {
  attachmentId: string
  url: string
  headers: Record<string, string>
}

export const ofClass = (name: string) => (frame: GuestFrame) => frame.class === name

/** The lab's Genesys, with guests who may upload. */
export async function startWithUploads (t: Test, overrides: Partial<GenesysConfig> = {}, folder = temporaryFolder(t)) {
  const genesys = await startGenesys(t, overrides, folder)
  const { stateFolder } = configWith(folder)

  /** A presigned URL, at the address where this one listens. */
  const local = (url: string) => genesys.url + url.slice(new URL(url).origin.length)

  async function guest (options: { token?: string, deploymentId?: string } = {}): Promise<Guest> {
    const guest = await genesys.open({ deploymentId: stepUpDeploymentId, ...options })
    await guest.request('configureSession')
    return guest
  }

  async function request (guest: Guest, fields: object = pngRequest): Promise<PresignedUrlBody> {
    const frame = await guest.request('onAttachment', fields)
    if (frame.class !== 'PresignedUrlResponse') throw new Error(`onAttachment was answered with ${JSON.stringify(frame)}`)
    return frame.body as PresignedUrlBody
  }

  const put = (url: string, body: RequestInit['body'], headers: Record<string, string> = { 'content-type': 'image/png' }) =>
    fetch(local(url), { method: 'PUT', headers, body: body ?? null, duplex: 'half' } as RequestInit)

  return {
    ...genesys,
    stateFolder,
    attachments: genesys.store.collection<Attachment>('attachment'),
    local,
    guest,
    request,
    put,

    /** Request and upload in one go. */
    async upload (guest: Guest, { fields = pngRequest, bytes = png }: { fields?: object, bytes?: Buffer } = {}) {
      const presigned = await request(guest, fields)
      const { status } = await put(presigned.url, new Uint8Array(bytes), presigned.headers)
      if (status !== 200) throw new Error(`the upload was answered with ${status}`)
      const { body } = await guest.next(ofClass('UploadSuccessEvent'))
      return { ...presigned, downloadUrl: (body as { downloadUrl: string }).downloadUrl }
    },

    /** Send a message with attachments. */
    send: (guest: Guest, ids: string[], text?: string) => guest.request('onMessage', {
      message: { type: 'Text', text, content: ids.map(id => ({ contentType: 'Attachment', attachment: { id } })) }
    }),

    /** Names of the files that have come into the folder of attachments, and are there, since the first call. */
    async filesFromNow () {
      const folder = join(stateFolder, 'attachments')
      const before = new Set(await readdir(folder))
      return async () => (await readdir(folder)).filter(file => !before.has(file))
    }
  }
}
