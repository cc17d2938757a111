import type { Jwts } from '../auth/jwt.ts'

/** Seconds that a presigned URL is good for. Our choice. */
export const linkLife = 10 * 60

/** What a presigned URL is good for: `aud` of the JWT in it. */
export type LinkUse = 'guest-upload' | 'guest-download'

/**
 * Presigned URLs of attachments: whoever has one may do one thing with one attachment, for a while.
 *
 * @param url own origin
 */
export function createAttachmentLinks (jwts: Jwts, url: string) {
  async function link (use: LinkUse, id: string) {
    const { jwt } = await jwts.sign(use, { attachment: id }, linkLife)
    return `${url}/attachments/${id}?token=${jwt}`
  }

  return {
    upload: (id: string) => link('guest-upload', id),

    // Without the file's name: paths are logged, and what guests call their files is nothing for the log.
    download: (id: string) => link('guest-download', id),

    /** Whether the JWT of a URL is good for this. */
    async allows (use: LinkUse, id: string, jwt: string): Promise<boolean> {
      return (await jwts.verify(use, jwt))?.['attachment'] === id
    }
  }
}

export type AttachmentLinks = ReturnType<typeof createAttachmentLinks>
