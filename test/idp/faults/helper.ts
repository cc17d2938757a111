import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, decodeProtectedHeader, type JWK } from 'jose'
import type { Test } from 'tap'
import { catalogue } from '../../../services/idp/faults/catalogue.ts'
import type { Description } from '../../../services/idp/faults/fault.ts'
import { Visitor, type Idp, type Tokens } from '../helper.ts'

/**
 * A test for each fault of a group, in a realm of the group, which a row of the table says what to expect of. A fault
 * without a row fails, and so does a row without a fault.
 */
export function proveGroup<Row> (
  t: Test, idp: Idp, group: Description['group'], rows: Record<string, Row>,
  prove: (t: Test, realm: Idp, name: string, row: Row) => Promise<unknown>
): void {
  const names = catalogue.filter(fault => fault.group === group).map(({ name }) => name)
  t.same(Object.keys(rows).sort(), names.sort(), `every fault of the group ${group} is in the table`)
  let made: Promise<Idp> | undefined
  for (const [name, row] of Object.entries(rows)) {
    const { title } = catalogue.find(fault => fault.name === name)!
    t.test(`${title}: ${name}`, async t => {
      made ??= idp.newRealm()
      const realm = await made
      await prove(t, realm, name, row)
      await realm.lab.faults.reset()
      await realm.lab.keys.reset()
    })
  }
}

/** A token in parts. */
export interface Decoded {
  header: Record<string, unknown>
  payload: Record<string, unknown>
  signature: Buffer
}

export function decode (jwt: string): Decoded {
  return {
    header: { ...decodeProtectedHeader(jwt) },
    payload: decodeJwt(jwt),
    signature: Buffer.from(jwt.split('.')[2]!, 'base64url')
  }
}

/**
 * The ID token of a token response, comparable with another one about the same sign-in: `at_hash` says whether it is right.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken
 */
export function decodeIdToken ({ id_token: idToken, access_token: accessToken }: Tokens): Decoded {
  const { header, payload, signature } = decode(idToken)
  const right = createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url')
  return { header, payload: { ...payload, at_hash: payload['at_hash'] === right ? 'right' : 'wrong' }, signature }
}

/** The same, without what differs each time. */
export const claimsOf = ({ header, payload }: Decoded) => ({ header, payload })

/** What another object is expected to have in place of this one; `undefined` for what it is not to have. */
export const withChanges = (object: object, changes: object = {}) =>
  Object.fromEntries(Object.entries({ ...object, ...changes }).filter(([, value]) => value !== undefined))

/** Two tokens that were issued at the same time about the same sign-in are the same but for their signatures. */
export function stopTheClock (t: Test): void {
  const now = Date.now()
  t.intercept(Date, 'now', { value: () => now })
}

export async function jwksOf (idp: Idp): Promise<{ keys: JWK[] }> {
  return (await idp.get('/jwks')).json()
}

/** Somebody who is signed in, and gets codes and tokens about that one sign-in. */
export class SignedIn {
  readonly idp: Idp
  readonly username: string
  readonly visitor: Visitor

  static async as (idp: Idp, username = 'alice'): Promise<SignedIn> {
    const signedIn = new SignedIn(idp, username)
    await signedIn.visitor.signIn(username)
    return signedIn
  }

  private constructor (idp: Idp, username: string) {
    this.idp = idp
    this.username = username
    this.visitor = new Visitor(idp)
  }

  /** The parameters of an authorization response. */
  async authorize (client = this.idp.relyingParty, changes: Record<string, string | undefined> = {}): Promise<URLSearchParams> {
    return (await this.visitor.signIn(this.username, client, changes)).location!.searchParams
  }

  /** A token response, from a new code. */
  async redeem (client = this.idp.relyingParty, changes: Record<string, string | undefined> = {}) {
    return await this.idp.redeem(client, (await this.authorize(client, changes)).get('code')!)
  }

  async tokens (client = this.idp.relyingParty, changes: Record<string, string | undefined> = {}): Promise<Tokens> {
    return (await this.redeem(client, changes)).json()
  }

  async idToken (client = this.idp.relyingParty): Promise<string> {
    return (await this.tokens(client)).id_token
  }

  /** Header and claims of an ID token, comparable with those of another one about the same sign-in. */
  async claims (client = this.idp.relyingParty, changes: Record<string, string | undefined> = {}) {
    return claimsOf(decodeIdToken(await this.tokens(client, changes)))
  }
}

/** A back-channel logout endpoint that keeps what it is sent, and answers it all with 200. */
export async function startLogoutEndpoint (t: Test): Promise<{ url: string, received: string[] }> {
  const received: string[] = []
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray() as Buffer[]
    received.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token')!)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/backchannel-logout`, received }
}
