import { randomBytes } from 'node:crypto'
import type { Secrets } from '#lib/store/store.ts'

/** The keys for the signatures of cookies, newest first. */
export const openCookieKeys = (secrets: Secrets): Promise<string[]> =>
  secrets.keep('cookie-keys', () => [randomBytes(32).toString('base64url')],
    keys => keys.length > 0 && keys.every(key => key.length >= 32))
