import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { sessionSeconds } from './lifetimes.ts'

// Issuers on one host share its cookies: the path keeps theirs apart.
const sessionCookie = (mountPath: string) =>
  ({ signed: true, httpOnly: true, sameSite: 'lax', path: mountPath || '/' } as const)

/**
 * The cookies of an issuer.
 *
 * @param mountPath path of the issuer, '' at the root
 * @param keys what they are signed with, newest first
 */
export const cookiesOf = (mountPath: string, keys: string[]): NonNullable<Configuration['cookies']> => ({
  keys,
  long: sessionCookie(mountPath),
  short: { signed: true, httpOnly: true, sameSite: 'lax' },
  ...(mountPath && { names: cookieNames(mountPath) })
})

// The more specific path comes first in a Cookie header, but the names of those of the root would be read too.
function cookieNames (mountPath: string) {
  const suffix = mountPath.split('/').at(-1)
  return { session: `_session.${suffix}`, interaction: `_interaction.${suffix}`, resume: `_interaction_resume.${suffix}` }
}

/** Keep a session that has not been, in a browser that has none. */
export async function keepSession ({ oidc: { cookies, provider, session } }: KoaContextWithOIDC, mountPath: string): Promise<void> {
  if (!session || session.exp !== undefined) return
  cookies.set(provider.cookieName('session'), session.jti, sessionCookie(mountPath))
  await session.save(sessionSeconds)
}
