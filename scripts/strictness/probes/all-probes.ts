import * as authorization from './authorization-probes.ts'
import * as identity from './identity-probes.ts'
import type { Probe } from '../probe.ts'
import * as token from './token-probes.ts'

/** The rows of the table that providers are compared by, in its order. */
const compared: Probe[] = [
  authorization.unregisteredRedirectUri,
  authorization.unknownClient,
  token.wrongSecret,
  token.withoutVerifier,
  token.wrongVerifier,
  token.redirectUriMismatch,
  token.codeReplay,
  authorization.promptNone,
  identity.garbageAtUserinfo,
  identity.nonceEchoed,
  authorization.issParameter,
  authorization.withoutPkce,
  identity.accessTokenHash,
  identity.sessionId,
  identity.profileScope,
  identity.hintAtSomebodyElse
]

/** What else can be seen from outside. Signing out comes last, as it ends the session that the others use. */
const further: Probe[] = [
  authorization.similarRedirectUri,
  authorization.withoutRedirectUri,
  authorization.withoutResponseType,
  authorization.implicitFlow,
  authorization.plainPkce,
  authorization.parameterTwice,
  authorization.stateReturned,
  authorization.noCors,
  authorization.noFrames,
  authorization.noRedirect307,
  token.alteredCode,
  token.codeOfAnotherClient,
  token.replayRevokes,
  token.pkceDowngrade,
  token.tokenRequestByGet,
  token.tokenParameterTwice,
  token.tokenErrorForm,
  token.clientErrorForm,
  token.tokensNotStored,
  identity.verifiableIdToken,
  identity.noTokenAtUserinfo,
  identity.tokenInQuery,
  identity.unregisteredPostLogoutUri
]

/** All probes, in the order in which they are run and shown. */
export const probes: readonly Probe[] = [...compared.map(probe => ({ ...probe, compared: true as const })), ...further]
