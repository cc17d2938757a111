import { errors, Provider, type KoaContextWithOIDC } from 'oidc-provider'
import type { Accounts } from '../accounts/accounts.ts'
import type { IssuerKeys } from '../state/issuer-keys.ts'
import type { ActiveFaults, Taken, Who } from './active-faults.ts'
import type { ChangeableProvider } from './changeable-provider.ts'
import type { AnswerFault, AuthorizationResponse } from './fault.ts'
import { Forger, readIssued } from './forger.ts'
import { noteFault } from './note-fault.ts'

/** What faults are applied with. */
export interface FaultParts {
  faults: ActiveFaults
  keys: IssuerKeys
  accounts: Accounts
}

/** Thrown where a correct request is not dealt with, since a fault takes its place. Nothing has failed then. */
export class FaultInstead extends errors.OIDCProviderError {
  constructor (fault: string) {
    super(400, 'server_error', { detail: `the fault ${fault} is switched on` })
  }
}

/**
 * Apply the faults that are switched on to what a provider answers.
 *
 * To be called before all other `provider.use`, but after what records HTTP exchanges: what answers the provider gives is
 * settled then, and what is recorded is what goes out.
 */
export function applyFaults (provider: ChangeableProvider, parts: FaultParts): void {
  const { faults } = parts
  const answerInstead = new WeakMap<object, Taken<AnswerFault>>()
  refuseToIssueTokens(provider, parts, answerInstead)

  provider.changeResponses(async (ctx, response) => {
    const taken = await faults.take('authorization-response', whoIs(ctx, parts.accounts))
    if (!taken) return response
    const changed = { ...response } as AuthorizationResponse
    taken.fault.change(changed, taken.parameters)
    noteFault(ctx.req, taken.fault.name, changed)
    return changed
  })

  const forger = new Forger(parts.keys)
  provider.use(async (context, next) => {
    await next()
    // Nothing of OpenID Connect is there, where the path is no endpoint's.
    if (!context.oidc) return
    const ctx = context as KoaContextWithOIDC
    await replaceIdToken(ctx, parts, forger)
    const taken = answerInstead.get(ctx) ?? await takeAnswerFault(ctx, parts)
    if (!taken) return
    noteFault(ctx.req, taken.fault.name)
    await taken.fault.answer(ctx, taken.parameters)
  })
}

/**
 * At the last moment before a code or a refresh token is used up, when everything about the request has been found good.
 * So a failing token endpoint costs nobody a code, as one that fails elsewhere would not, and a bad request gets the refusal
 * that it deserves.
 */
function refuseToIssueTokens (
  { AuthorizationCode, RefreshToken, DeviceCode }: Provider,
  { faults, accounts }: FaultParts,
  answerInstead: WeakMap<object, Taken<AnswerFault>>
) {
  for (const { prototype } of [AuthorizationCode, RefreshToken, DeviceCode]) {
    const { consume } = prototype
    prototype.consume = async function (this: typeof prototype) {
      const ctx = Provider.ctx
      const who = { client_id: this.clientId, username: usernameOf(this.accountId, accounts) }
      const taken = ctx && await faults.take('token-request', who)
      if (!taken) return consume.call(this)
      answerInstead.set(ctx, taken)
      throw new FaultInstead(taken.fault.name)
    }
  }
}

/** Another ID token in the place of the one that a client is about to get. */
async function replaceIdToken (ctx: KoaContextWithOIDC, { faults, accounts }: FaultParts, forger: Forger): Promise<void> {
  const tokens = ctx.body as { id_token?: string } | undefined
  if (ctx.oidc.route !== 'token' || tokens?.id_token === undefined) return
  const refreshed = ctx.oidc.params?.['grant_type'] === 'refresh_token'
  const taken = await faults.take(refreshed ? 'refreshed-id-token' : 'id-token', whoIs(ctx, accounts))
  if (!taken) return
  noteFault(ctx.req, taken.fault.name)
  const issued = readIssued(tokens.id_token, ctx.oidc.client?.clientSecret)
  ctx.body = { ...tokens, id_token: await taken.fault.forge(issued, forger, taken.parameters) }
}

/** Which answers are good, so that a fault can spoil them: at each of these endpoints, the one of this status. */
const goodAnswers: Record<string, { point: AnswerFault['point'], status: number } | undefined> = {
  discovery: { point: 'discovery', status: 200 },
  jwks: { point: 'jwks', status: 200 },
  token: { point: 'token-response', status: 200 },
  userinfo: { point: 'userinfo', status: 200 },
  end_session: { point: 'end-session-request', status: 200 },
  end_session_confirm: { point: 'end-session-response', status: 303 }
}

async function takeAnswerFault (ctx: KoaContextWithOIDC, { faults, accounts }: FaultParts): Promise<Taken<AnswerFault> | undefined> {
  const good = goodAnswers[ctx.oidc.route]
  if (!good || good.status !== ctx.status) return undefined
  return faults.take(good.point, whoIs(ctx, accounts), fault => fault.applies?.(ctx) ?? true)
}

function whoIs (ctx: KoaContextWithOIDC, accounts: Accounts): Who {
  const { client, account, session } = ctx.oidc
  return { client_id: client?.clientId, username: usernameOf(account?.accountId ?? session?.accountId, accounts) }
}

const usernameOf = (sub: string | undefined, accounts: Accounts) => sub === undefined ? undefined : accounts.ofSub(sub)?.username
