import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { allowFrames } from '../content-security-policy.ts'

// For frames that load as fast as pages do; there is a way on by a click too.
const secondsForFrames = 3

/** What the template `front-channel-sign-out` shows. */
export interface FrontChannelSignOut {
  title: string
  /** what each client wants to be opened in a frame */
  frames: string[]
  /** names of these clients */
  names: string[]
  /** where the browser goes then */
  next: string
  /** the same for browsers: after how many seconds, and where */
  refresh: string
  /** name of the client that this is, if it is one */
  back: string | undefined
}

/**
 * Have the clients that somebody was signed in to end their sessions in the same browser, each in a frame of a page
 * between the sign-out and the way back. Where no such client was used, there is no such page.
 *
 * The page leads on by itself, a moment after all frames have loaded, and at any time by a click. It cannot know whether a
 * client has done what it should; a browser that withholds the cookies of other sites from frames keeps it from that.
 *
 * To be called before what else changes the answer to a confirmed sign-out: that redirect is what this page is made of.
 *
 * @see https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout
 */
export function signOutInFrames (provider: Provider, show: (page: FrontChannelSignOut) => Promise<string>): void {
  provider.use(async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'end_session_confirm' || ctx.status !== 303 || !ctx.oidc.params?.['logout']) return

    const clients = await clientsInFrames(ctx as KoaContextWithOIDC)
    if (clients.length === 0) return
    const location = ctx.response.get('location')
    ctx.remove('location')
    ctx.status = 200
    ctx.type = 'html'
    allowFrames(ctx.res, clients.map(({ frame }) => frame.href))
    ctx.body = await show({
      title: 'Signing out',
      frames: clients.map(({ frame }) => frame.href),
      names: clients.map(({ name }) => name),
      next: location,
      refresh: `${secondsForFrames};url=${location}`,
      back: new URL(location).origin === new URL(provider.issuer).origin ? undefined : ctx.oidc.client?.clientName
    })
  })
}

async function clientsInFrames ({ oidc: { session, provider } }: KoaContextWithOIDC) {
  const found = await Promise.all(Object.entries(session?.authorizations ?? {}).map(async ([clientId, { sid }]) => {
    const client = await provider.Client.find(clientId)
    return client?.['frontchannel_logout_uri'] === undefined
      ? []
      : [{ frame: frameOf(client, provider.issuer, sid), name: client.clientName ?? clientId }]
  }))
  return found.flat()
}

/** `iss` and `sid` come together or not at all. */
function frameOf (client: Client, issuer: string, sid: string | undefined): URL {
  const frame = new URL(String(client['frontchannel_logout_uri']))
  if (client['frontchannel_logout_session_required'] && sid !== undefined) {
    frame.searchParams.set('iss', issuer)
    frame.searchParams.set('sid', sid)
  }
  return frame
}
