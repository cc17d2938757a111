import type { Play } from './play.ts'
import { allowed, MoveRefused } from './visitor.ts'

/** The lines of the shop’s debug log, which anybody can read who guesses its address. */
export async function debugLogOf (play: Play): Promise<string[]> {
  const { text } = allowed(await play.curl(`${play.home}debug.log`))
  return text.split('\n').filter(line => line !== '')
}

/** What the shop has sent in its token requests, of one kind, oldest first. */
export const tokenRequestsIn = (lines: string[], grantType: string): Record<string, string>[] => lines
  .map(line => /^\S+ token request: (.*)$/.exec(line)?.[1])
  .map(form => Object.fromEntries(new URLSearchParams(form ?? '')))
  .filter(form => form['grant_type'] === grantType)

/**
 * A token request with nothing but what is in the form, and a look at whose tokens these are.
 *
 * @returns name and email of whom they are about
 * @throws {MoveRefused} with the provider’s words
 */
export async function redeem (play: Play, form: Record<string, string>): Promise<{ profile: string, accessToken: string }> {
  const { text: metadata } = allowed(await play.curl(`${play.realm.issuer}/.well-known/openid-configuration`))
  const { token_endpoint: endpoint, userinfo_endpoint: userinfo } = JSON.parse(metadata) as { token_endpoint: string, userinfo_endpoint: string }
  const { text: tokens } = allowed(await play.curl(endpoint, { form: { ...form, client_id: play.clientId } }))
  const { access_token: accessToken } = JSON.parse(tokens) as { access_token?: string }
  if (accessToken === undefined) throw new MoveRefused('The provider has sent no access token.')
  const { text: claims } = allowed(await play.curl(userinfo, { headers: { authorization: `Bearer ${accessToken}` } }))
  const { name, email } = JSON.parse(claims) as { name: string, email: string }
  return { profile: `${name}, ${email}`, accessToken }
}
