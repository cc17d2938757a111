import type { Jwts } from '../auth/jwt.ts'
import type { GuestSession } from '../conversations/sessions.ts'

/** Seconds that a presigned URL is good for. Our choice. */
export const linkLife = 10 * 60

/** What a presigned URL is good for: `aud` of the JWT in it. */
export type LinkUse = 'guest-upload' | 'guest-download' | 'agent-download'

/** Who a link is for: it ends with the access of this session. */
export type LinkHolder = Pick<GuestSession, 'access'>

/**
 * Presigned URLs of attachments: whoever has one may do one thing with one attachment, for a while.
 *
 * @param url own origin
 */
export function createAttachmentLinks (jwts: Jwts, url: string) {
  async function link (use: LinkUse, id: string, holder?: LinkHolder) {
    const { jwt } = await jwts.sign(use, { attachment: id, access: holder?.access }, linkLife)
    return `${url}/attachments/${id}?token=${jwt}`
  }

  return {
    upload: (id: string, holder: LinkHolder) => link('guest-upload', id, holder),

    // Without the file's name: paths are logged, and what guests call their files is nothing for the log.
    download: (id: string, holder: LinkHolder) => link('guest-download', id, holder),

    /** For the agent's side, which goes on looking at a file when its guest has signed out. */
    downloadForAgent: (id: string) => link('agent-download', id),

    /** @returns what the JWT of a URL is bound to, or nothing where it is not good for this */
    async holderOf (use: LinkUse, id: string, jwt: string): Promise<LinkHolder | undefined> {
      const claims = await jwts.verify(use, jwt)
      if (claims?.['attachment'] !== id) return undefined
      return { access: claims['access'] as string | undefined }
    }
  }
}

export type AttachmentLinks = ReturnType<typeof createAttachmentLinks>
