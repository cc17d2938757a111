import type { Journey } from '../journeys/journeys.ts'
import type { Message } from '../journeys/message.ts'
import type { Description, Knowledge, MessageCheck, SignInCheck, Verdict } from './check.ts'
import { accessTokenInTime } from './checks/access-token-in-time.ts'
import { clientAuthentication, clientSecret } from './checks/client-authentication.ts'
import { codeBound } from './checks/code-bound.ts'
import { codeChallenge, codeChallengeMethod } from './checks/code-challenge.ts'
import { codeClient } from './checks/code-client.ts'
import { codeInTime } from './checks/code-in-time.ts'
import { codeOnce } from './checks/code-once.ts'
import { providerCookies, relyingPartyCookies } from './checks/cookie-attributes.ts'
import { discoveryFields, discoveryIssuer } from './checks/discovery-document.ts'
import { idTokenHint, idTokenHintClient, idTokenHintSession, postLogoutRedirectUri } from './checks/end-session.ts'
import { errorResponse } from './checks/error-response.ts'
import { codeChallengeFresh, nonceFresh, stateFresh } from './checks/fresh.ts'
import { idTokenAcr } from './checks/id-token-acr.ts'
import { idTokenAlg } from './checks/id-token-alg.ts'
import { idTokenAtHash } from './checks/id-token-at-hash.ts'
import { idTokenAud } from './checks/id-token-aud.ts'
import { idTokenAuthTime } from './checks/id-token-auth-time.ts'
import { idTokenAzp } from './checks/id-token-azp.ts'
import { idTokenExp } from './checks/id-token-exp.ts'
import { idTokenIat } from './checks/id-token-iat.ts'
import { idTokenIss } from './checks/id-token-iss.ts'
import { idTokenKey } from './checks/id-token-key.ts'
import { idTokenNbf } from './checks/id-token-nbf.ts'
import { idTokenNonce } from './checks/id-token-nonce.ts'
import { idTokenSignature } from './checks/id-token-signature.ts'
import { idTokenSub } from './checks/id-token-sub.ts'
import { issuerParameter } from './checks/issuer-parameter.ts'
import {
  logoutTokenAlg, logoutTokenAud, logoutTokenEvent, logoutTokenIss, logoutTokenNonce, logoutTokenOnce, logoutTokenSignature
} from './checks/logout-token.ts'
import { publishedKeys } from './checks/published-keys.ts'
import { redirectUriRegistered } from './checks/redirect-uri-registered.ts'
import { redirectUriRepeated } from './checks/redirect-uri-repeated.ts'
import { refreshTokenClient, refreshTokenOnce } from './checks/refresh-token.ts'
import { refreshedIdTokenAud, refreshedIdTokenAzp, refreshedIdTokenIss, refreshedIdTokenSub } from './checks/refreshed-id-token.ts'
import { state } from './checks/state.ts'
import { tokenResponse } from './checks/token-response.ts'
import { userinfoResponse } from './checks/userinfo-response.ts'
import { userinfoSub } from './checks/userinfo-sub.ts'
import { reactionByStatus, reactionTo, type Reaction } from './evidence.ts'
import { MessageIndex } from './message-index.ts'
import { SentBefore } from './sent-before.ts'
import { signInsOf } from './sign-ins.ts'

/** What is checked of a sign-in, in the order in which a relying party comes to it. */
export const signInChecks: readonly SignInCheck[] = [
  redirectUriRegistered, codeBound, codeChallengeMethod, stateFresh, nonceFresh, codeChallengeFresh, errorResponse, state, issuerParameter,
  redirectUriRepeated, codeChallenge, codeOnce, codeInTime, codeClient, clientAuthentication, clientSecret, tokenResponse,
  idTokenAlg, idTokenKey, idTokenSignature, idTokenIss, idTokenAud, idTokenAzp, idTokenSub, idTokenIat, idTokenExp, idTokenNbf,
  idTokenNonce, idTokenAcr, idTokenAuthTime, idTokenAtHash, userinfoSub, accessTokenInTime,
  refreshTokenClient, refreshTokenOnce, refreshedIdTokenIss, refreshedIdTokenAud, refreshedIdTokenSub, refreshedIdTokenAzp
]

/** What is checked of a message by itself. */
export const messageChecks: readonly MessageCheck[] = [
  discoveryIssuer, discoveryFields, publishedKeys, userinfoResponse, relyingPartyCookies, providerCookies,
  idTokenHint, idTokenHintClient, idTokenHintSession, postLogoutRedirectUri,
  logoutTokenAlg, logoutTokenSignature, logoutTokenIss, logoutTokenAud, logoutTokenEvent, logoutTokenNonce, logoutTokenOnce
]

/** What a check has found, and what came of it. */
export interface Finding extends Description, Omit<Verdict, 'message'> {
  /** key of the message that it is about */
  message: string
  /**
   * of a check that does not hold: `accepted` where whoever had to check went on all the same; nothing where that cannot be known
   */
  outcome?: Reaction['outcome']
  /** key of the message that shows the outcome */
  evidence?: string
}

/** What is looked at of a journey. */
type ExaminedJourney = Pick<Journey, 'id' | 'messages'>

/**
 * Set what the specifications demand beside what was exchanged, whoever's relying party it was.
 *
 * @param all journeys there are, this one among them: a value may have been used in another
 */
export async function examine (journey: ExaminedJourney, knowledge: Knowledge, all: readonly ExaminedJourney[] = [journey]): Promise<Finding[]> {
  const index = new MessageIndex(journey.messages)
  const ofSignIns = signInsOf(journey.id, index, new SentBefore(all)).flatMap(signIn => signInChecks.map(async check => {
    const verdict = await check.examine(signIn, knowledge)
    return verdict && findingOf(check, verdict, verdict.ok ? undefined : reactionTo(verdict.message, check, signIn, index))
  }))
  const ofMessages = messageChecks.flatMap(check => messagesFor(check, index).map(async message => {
    const verdict = await check.examine(message, knowledge, index)
    return verdict && findingOf(check, { ...verdict, message }, verdict.ok ? undefined : reactionOf(check, message))
  }))
  return (await Promise.all([...ofSignIns, ...ofMessages])).filter(finding => finding !== undefined)
}

const messagesFor = ({ endpoint }: MessageCheck, index: MessageIndex) => endpoint === undefined ? index.messages : index.at(endpoint)

const reactionOf = ({ showsItself }: MessageCheck, message: Message) => showsItself ? reactionByStatus(message) : undefined

function findingOf ({ name, by, demands, specification, mayGoOn }: Description, { message, ...verdict }: Verdict, reaction: Reaction | undefined): Finding {
  return {
    name, by, demands, specification, ...(mayGoOn && { mayGoOn }), ...verdict, message: message.key, ...(reaction && { outcome: reaction.outcome, evidence: reaction.evidence.key })
  }
}
