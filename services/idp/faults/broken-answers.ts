import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { KoaContextWithOIDC } from 'oidc-provider'

/** Answer with a status and a line of text, as a server or a proxy that is in trouble does. */
export function answerPlainly (ctx: KoaContextWithOIDC, status: number, text: string): void {
  ctx.status = status
  ctx.type = 'text/plain; charset=utf-8'
  ctx.body = `${text}\n`
}

/** Answer with a page in place of JSON, as a proxy, a firewall or a maintenance notice does. */
export function answerWithPage (ctx: KoaContextWithOIDC): void {
  ctx.status = 200
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = '<!doctype html><html lang="en"><title>Maintenance</title><p>We will be back soon.</p></html>\n'
}

/** Close the connection without an answer. */
export function hangUp (ctx: KoaContextWithOIDC): void {
  ctx.respond = false
  ctx.res.destroy()
}

/** Give the answer as it is, late. */
export function answerLate (ctx: KoaContextWithOIDC, { delaySeconds }: { delaySeconds: number }): Promise<void> {
  return waitUnlessGone(ctx, delaySeconds)
}

/** Wait, but not for somebody who has hung up. */
export async function waitUnlessGone (ctx: KoaContextWithOIDC, seconds: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([
    pause(seconds * 1000, undefined, { signal: over.signal }),
    once(ctx.res, 'close', { signal: over.signal })
  ].map(event => event.catch(() => { /* the other one came first */ })))
  over.abort()
}
