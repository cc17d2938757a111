import type { Accounts } from './accounts.ts'
import type { Demands } from './sign-in-demands.ts'
import type { User } from './users.ts'

/** How somebody has signed in. */
export interface Authentication {
  /** the level (Authentication Context Class Reference), where there is a name for it */
  acr?: string | undefined
  /** the methods: https://www.rfc-editor.org/rfc/rfc8176 */
  amr?: string[] | undefined
}

/** Levels that a password reaches. */
const passwordAcrs = (user: User): string[] => [user.acr].flat()

/** Levels that a code of the user's authenticator app reaches, on top of the password. */
const secondFactorAcrs = ({ second_factor: secondFactor }: User): string[] => [secondFactor?.acr ?? []].flat()

/** The methods of somebody who has used both factors. */
const secondFactorAmr = ({ second_factor: secondFactor }: User): string[] => secondFactor?.amr ?? ['pwd', 'otp', 'mfa']

/** The levels that somebody here can reach, as discovery announces them. */
export const acrsOf = (accounts: Accounts): string[] =>
  [...new Set(accounts.all.flatMap(user => [...passwordAcrs(user), ...secondFactorAcrs(user)]))]

/** Whether a user can reach one of the levels that are demanded, in whichever way. */
export const canReach = (user: User, { acrs }: Demands): boolean =>
  acrs.some(acr => [...passwordAcrs(user), ...secondFactorAcrs(user)].includes(acr))

const hasUsedSecondFactor = (user: User, { amr = [] }: Authentication): boolean =>
  user.second_factor !== null && secondFactorAmr(user).every(method => amr.includes(method))

/** The levels that somebody has reached, the one to be told where nothing is demanded first. */
function reachedAcrs (user: User, authentication: Authentication): string[] {
  const acrs = [...hasUsedSecondFactor(user, authentication) ? secondFactorAcrs(user) : [], ...passwordAcrs(user)]
  return authentication.acr === undefined ? acrs : [authentication.acr, ...acrs]
}

/** The level to be told: of those that were reached the one that is demanded first, if any. */
export function acrFor (user: User, authentication: Authentication, { acrs }: Demands): string | undefined {
  const reached = reachedAcrs(user, authentication)
  return acrs.find(acr => reached.includes(acr)) ?? reached[0]
}

/** What a sign-in comes to by a password, or by a code as well. */
export function authenticationBy (how: 'password' | 'both factors', user: User, demands: Demands): Authentication {
  const amr = how === 'password' ? user.amr : secondFactorAmr(user)
  return { amr, acr: acrFor(user, { amr }, demands) }
}

/**
 * What a sign-in comes to in a lab where nobody asks: the least that serves the request.
 *
 * @param asked in place of what the user does by default
 */
export function authenticationUnasked (user: User, demands: Demands, asked: Authentication = {}): Authentication {
  const byPassword = authenticationBy('password', user, demands)
  const usual = needsSecondFactor(user, byPassword, demands) ? authenticationBy('both factors', user, demands) : byPassword
  const amr = asked.amr ?? usual.amr
  return { amr, acr: asked.acr ?? acrFor(user, { amr }, demands) }
}

/**
 * Whether a user has to show the second factor: since they always have to, or since it reaches what is demanded first of
 * what they can reach at all.
 */
export function needsSecondFactor (user: User, authentication: Authentication, { acrs }: Demands): boolean {
  if (!user.second_factor || hasUsedSecondFactor(user, authentication)) return false
  const reached = reachedAcrs(user, authentication)
  const best = acrs.find(acr => reached.includes(acr) || secondFactorAcrs(user).includes(acr))
  return user.second_factor.always === true || (best !== undefined && !reached.includes(best))
}

/** Whether nothing less than what is demanded will do, and somebody has not reached it. */
export const isBelow = (user: User, authentication: Authentication, { acrs, isAcrEssential }: Demands): boolean =>
  isAcrEssential && !acrs.some(acr => reachedAcrs(user, authentication).includes(acr))
