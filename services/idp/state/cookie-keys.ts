import { randomBytes } from 'node:crypto'
import { keep } from '#lib/store/state-folder.ts'

/** The keys for the signatures of cookies, newest first. */
export const openCookieKeys = (stateFolder: string): Promise<string[]> =>
  keep(stateFolder, 'cookie-keys.json', () => [randomBytes(32).toString('base64url')],
    keys => keys.length > 0 && keys.every(key => key.length >= 32))
