import { isDuring, type Message } from '../journeys/message.ts'
import { textOf, type SignIn, type SignInCheck } from './check.ts'
import type { MessageIndex } from './message-index.ts'

/** What was made of a message in which a check does not hold. */
export interface Reaction {
  /** `accepted` where whoever had to check went on all the same */
  outcome: 'accepted' | 'refused'
  /** the message that shows it */
  evidence: Message
}

/**
 * What was made of a message in which a check does not hold; nothing where that cannot be known.
 *
 * What the provider had to check shows in its own answer. So it does with an application that keeps a ledger: in what it answered
 * to the browser. Of an application outside the lab, only what it does at the provider afterwards is seen. There counts as
 * evidence what the specifications have no correct application do with an answer that it refuses:
 *
 * - After an authorization response: redeeming its code, with whatever success. Whoever compares `iss` or `state` and finds
 *   another does not go on with the grant (RFC 9207, section 2.4; RFC 6749, section 10.12).
 * - After a token response, at the sign-in or a refresh: presenting its access token to the userinfo endpoint or its refresh token
 *   for others, since the response is validated before anything of it is used (OpenID Connect Core, section 3.1.3.5); or its ID token
 *   as `id_token_hint`, which stands for a session that the application has (Core, section 3.1.2.1; RP-Initiated Logout, section 2).
 *
 * What could as well be done by one that has refused is no evidence: to begin anew, which a person does who sees an error; to
 * revoke the tokens or have them introspected; to answer a logout token with 200, for a session that it has or has not. Nor does
 * anything follow a bad userinfo response: its claims may not be used, and the session may go on without them. Nobody knows who has
 * fetched metadata and keys. And silence is no refusal: what is to come may not have come yet.
 */
export function reactionTo (message: Message, { by, isAboutSender }: SignInCheck, signIn: SignIn, index: MessageIndex): Reaction | undefined {
  if (by === 'provider') return ofProvider(message, signIn)
  if (isAboutSender) return undefined
  return signIn.callback ? ofOwnApplication(message, signIn, signIn.callback, index) : ofApplicationOutside(message, signIn, index)
}

/** By a status alone, as with a logout token: the application says itself whether it has taken it. */
export function reactionByStatus (message: Message): Reaction | undefined {
  if (message.status === 0) return undefined
  return { outcome: message.status < 400 ? 'accepted' : 'refused', evidence: message }
}

function ofProvider (message: Message, { request, response }: SignIn): Reaction | undefined {
  if (message !== request || request.status >= 400) return reactionByStatus(message)
  return response && { outcome: response.answer['code'] === undefined ? 'refused' : 'accepted', evidence: response }
}

function ofOwnApplication (message: Message, { response, tokens }: SignIn, callback: Message, { messages }: MessageIndex): Reaction | undefined {
  if (message === response) {
    // A code that nobody has redeemed has brought nothing.
    return tokens ? reactionByStatus(callback) : { outcome: 'refused', evidence: callback }
  }
  const atWork = messages.find(other => other.service === callback.service && isDuring(message, other))
  return atWork && reactionByStatus(atWork)
}

function ofApplicationOutside (message: Message, { clientId, response, redemptions }: SignIn, index: MessageIndex): Reaction | undefined {
  const evidence = message === response
    ? redemptions.find(({ client_id: client }) => client === clientId)
    : message.endpoint === 'token' ? useOf(message, clientId, index) : undefined
  return evidence && { outcome: 'accepted', evidence }
}

/** The first use of the tokens that came with a message, of that message's own. */
function useOf ({ answer, parameters, at }: Message, clientId: string, index: MessageIndex): Message | undefined {
  const presented = (name: string) => answer[name] === parameters[name] ? [] : index.presenting(textOf(answer[name]))
  return [
    ...presented('access_token').filter(({ endpoint }) => endpoint === 'userinfo'),
    ...presented('refresh_token').filter(({ endpoint, client_id: client }) => endpoint === 'token' && client === clientId),
    ...presented('id_token').filter(({ parameters: { id_token_hint: hint } }) => hint === answer['id_token'])
  ].filter(use => use.at > at).sort((a, b) => a.at - b.at)[0]
}
