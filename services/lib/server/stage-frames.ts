import fp from 'fastify-plugin'

/**
 * Whether one URL is of a host below that of another, over the same scheme: then browsers take both for one site, whatever is a public
 * suffix, and a frame of the one in a page of the other has the cookies that it has by itself, `SameSite=Lax` among them.
 *
 * @see https://html.spec.whatwg.org/multipage/browsers.html#same-site
 */
export function isBelow (url: string, other: string): boolean {
  const [{ protocol, hostname }, above] = [new URL(url), new URL(other)]
  // Below a name without a dot, as `localhost`, everybody has a site of their own.
  return protocol === above.protocol && above.hostname.includes('.') && hostname.endsWith(`.${above.hostname}`)
}

/**
 * For the lab alone: let its console have the pages of this service in frames, side by side on its stage, where both are one site.
 * Where they are not, as by the usual names, nothing changes: a sign-in in such a frame would need weaker cookies.
 *
 * @param options.url own URL
 * @param options.console URL of the console
 */
export const stageFrames = fp<{ url: string, console: string }>(async (app, options) => {
  if (!isBelow(options.url, options.console)) return
  const { origin } = new URL(options.console)
  app.addHook('onSend', async (_request, reply) => {
    const policy = reply.getHeader('content-security-policy')
    if (typeof policy !== 'string') return
    reply.header('content-security-policy', policy.replace(/frame-ancestors ([^;]*)/, (_directive, ancestors: string) =>
      `frame-ancestors ${ancestors.trim() === "'none'" ? origin : `${ancestors} ${origin}`}`))
    // It knows no list of origins.
    reply.removeHeader('x-frame-options')
    reply.raw.removeHeader('x-frame-options')
  })
}, { name: 'stage-frames' })
