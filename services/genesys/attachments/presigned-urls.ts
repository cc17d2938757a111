import type { Jwts } from '../auth/jwt.ts'
import type { GuestSession } from '../sessions/guest-session.ts'

/** How long a presigned URL is good for. */
export const presignedSeconds = 10 * 60

/** What a presigned URL is good for: `aud` of the JWT in it. */
export type UrlUse = 'guest-upload' | 'guest-download' | 'agent-download'

/** Who a URL is for: it ends with the access of this session. */
export type UrlHolder = Pick<GuestSession, 'access'>

/** Presigned URLs of attachments: whoever has one may do one thing with one attachment, for a while. */
export class PresignedUrls {
  readonly #jwts: Jwts
  readonly #origin: string

  /** @param origin our own */
  constructor (jwts: Jwts, origin: string) {
    this.#jwts = jwts
    this.#origin = origin
  }

  async upload (id: string, holder: UrlHolder): Promise<string> {
    return await this.#sign('guest-upload', id, holder)
  }

  // Without the file's name: paths are logged, and what guests call their files is nothing for the log.
  async download (id: string, holder: UrlHolder): Promise<string> {
    return await this.#sign('guest-download', id, holder)
  }

  /** For the agent's side, which goes on looking at a file when its guest has signed out. */
  async downloadForAgent (id: string): Promise<string> {
    return await this.#sign('agent-download', id)
  }

  /** @returns what the JWT of a URL is bound to, or nothing where it is not good for this */
  async holderOf (use: UrlUse, id: string, jwt: string): Promise<UrlHolder | undefined> {
    const claims = await this.#jwts.verify(use, jwt)
    if (claims?.['attachment'] !== id) return undefined
    return { access: claims['access'] as string | undefined }
  }

  async #sign (use: UrlUse, id: string, holder?: UrlHolder): Promise<string> {
    const { jwt } = await this.#jwts.sign(use, { attachment: id, access: holder?.access }, presignedSeconds)
    return `${this.#origin}/attachments/${id}?token=${jwt}`
  }
}
