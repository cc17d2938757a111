import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { ada, anonymousDeploymentId, deploymentId, startGenesys } from './helper.ts'

/**
 * The service with its identity provider, and a guest who goes on chatting and has something to hide.
 *
 * The lab's own pages are off: they show everybody everything, that is what they are for.
 */
export async function startAttackedService (t: Test, issuer: string, { rateLimits }: { rateLimits: boolean }) {
  const complaints: string[] = []
  const log = { level: 'error', format: 'json' as const, destination: { write: (line: string) => { complaints.push(line) } } }
  const { app, url, tokens, open } = await startGenesys(t, { issuer, rateLimits, log })
  const issue = async (identity: VerifiedIdentity) => {
    const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity, idpRefreshToken: 'not-one-of-the-identity-provider' })
    return { jwt, refreshToken: refreshToken! }
  }

  return {
    app,
    port: Number(new URL(url).port),
    /** what was logged as an error */
    complaints,
    victim: await createVictim(await open()),

    /** Somebody who sends whatever comes to mind, on a session of their own. */
    async attacker ({ authenticated }: { authenticated: boolean }) {
      const own = authenticated ? deploymentId : anonymousDeploymentId
      const { jwt, refreshToken } = await issue(ada)
      const token = randomUUID()
      const connect = () => open({ deploymentId: own, token })
      return createAttacker({ token, deploymentId: own, jwt, refreshToken, authenticated }, connect, upload)
    }
  }

  async function upload (address: string, text: string) {
    const { pathname, search } = new URL(address)
    const { status } = await fetch(url + pathname + search, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: text })
    if (status !== 200) throw new Error(`the upload was answered with ${status}`)
  }

  async function createVictim (guest: Guest) {
    const [text, name, sub] = ['text', 'name', 'sub'].map(what => `${what}-${randomUUID()}`) as [string, string, string]
    const issued = await issue({ ...ada, sub, name, given_name: name, family_name: name, email: `${name}@example.com` })
    await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: issued.jwt } })
    const { jwt: historyJwt } = (await guest.request('getJwt')).body as { jwt: string }
    const { id } = (await guest.say(text)).body as { id: string }
    const file = await requestUpload(guest, name, text.length)
    await upload(file.url, text)
    return {
      /** nothing of this may ever be seen by somebody else */
      secrets: [text, name, sub, guest.token, issued.jwt, issued.refreshToken, historyJwt, file.token],
      /** what somebody else may have come by, and which must be of no use */
      guesses: { conversation: conversationOf(historyJwt), messageId: id, attachment: file.id },

      /** Chat until told to stop; how often the echo was right, and every answer that was not. */
      async chatUntil (stopped: () => boolean, interval: number) {
        const wrong: GuestFrame[] = []
        let echoes = 0
        while (!stopped()) {
          const echo = await guest.say(text)
          if (echo.code === 200 && (echo.body as { text: string }).text === text) echoes++
          else wrong.push(echo)
          await pause(interval)
        }
        return { echoes, wrong }
      }
    }
  }
}

/** Ask for the URL to upload a text to. */
async function requestUpload (guest: Guest, name: string, fileSize: number) {
  const { body } = await guest.request('onAttachment', { fileName: `${name}.txt`, fileType: 'text/plain', fileSize })
  const { attachmentId: id, url } = body as { attachmentId: string, url: string }
  return { id, url, token: new URL(url).searchParams.get('token')! }
}

const conversationOf = (jwt: string) =>
  (JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as { conversation: string }).conversation

export type Attacker = ReturnType<typeof createAttacker>

interface Own {
  token: string
  deploymentId: string
  jwt: string
  refreshToken: string
  authenticated: boolean
}

function createAttacker (own: Own, open: () => Promise<Guest>, upload: (url: string, text: string) => Promise<void>) {
  const { deploymentId, jwt, authenticated } = own
  const configure: [string, object] = authenticated
    ? ['configureAuthenticatedSession', { deploymentId, startNew: true, data: { code: jwt } }]
    : ['configureSession', { deploymentId, startNew: true }]
  let guest: Guest | undefined

  async function configured (): Promise<Guest> {
    const opened = await open()
    await opened.request(...configure)
    opened.takeUnread()
    return opened
  }

  return {
    ...own,

    /**
     * Send a frame, then a good one, so that there is a session again whatever the first has done.
     *
     * @returns what came in between, and whether the socket is closed
     */
    async send (frame: string | Buffer, options?: { binary: boolean }): Promise<{ frames: GuestFrame[], closed: boolean }> {
      guest ??= await configured()
      guest.sendRaw(frame, options)
      const closed = await guest.request(...configure).then(() => false, () => true)
      const frames = guest.takeUnread()
      if (closed) guest = undefined
      return { frames, closed }
    },

    /** Open another socket for what comes next. */
    async leave () {
      await guest?.close()
      guest = undefined
    },

    /** The JWTs that somebody with a session has by right, and the attachment that two of them are for. */
    async collect () {
      guest ??= await configured()
      const { jwt: historyJwt } = (await guest.request('getJwt')).body as { jwt: string }
      const { id, url, token: uploadJwt } = await requestUpload(guest, 'mine', 4)
      await upload(url, 'mine')
      const { body } = await guest.next(frame => frame.class === 'UploadSuccessEvent')
      const downloadJwt = new URL((body as { downloadUrl: string }).downloadUrl).searchParams.get('token')!
      return { attachment: id, uploadJwt, downloadJwt, genuine: [jwt, historyJwt, uploadJwt, downloadJwt] }
    }
  }
}
