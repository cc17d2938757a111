import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { RecordedValue } from '#lib/ledger/recorded-values.ts'
import type { Message } from '../journeys/message.ts'
import { textOf, type SignIn, type Token } from './check.ts'
import type { MessageIndex } from './message-index.ts'
import type { SentBefore } from './sent-before.ts'

/** A JWT, if it is one. */
export function tokenOf (value: RecordedValue | undefined): Token | undefined {
  const text = textOf(value)
  if (text === undefined) return undefined
  try {
    return { text, header: decodeProtectedHeader(text), payload: decodeJwt(text) }
  } catch {
    return undefined
  }
}

/** The sign-ins of a journey: each authorization request with what came of it. */
export function signInsOf (journey: string, index: MessageIndex, sentBefore: SentBefore): SignIn[] {
  const requests = index.at('authorization').filter(({ service, method }) => service === 'idp' && method === 'GET')
  const asking = new Map(requests.map(request => [request, askedBy(request, index)]))
  const responses = responsesTo(asking, index)
  return [...asking].flatMap(([request, { asked, message }]) => {
    const clientId = clientOf(request)
    return clientId === undefined
      ? []
      : { clientId, request, asked, usedBefore: sentBefore.of(journey, message), ...whatCame(clientId, responses.get(request), index) }
  })
}

interface Asking {
  asked: SignIn['asked']
  /** the message that it came with */
  message: Message
}

const clientOf = ({ client_id: id, parameters }: Message) => id ?? textOf(parameters['client_id'])

/** Of a request that was pushed, or is a signed object, what is in that. */
function askedBy (request: Message, index: MessageIndex): Asking {
  const reference = textOf(request.parameters['request_uri'])
  const pushed = reference === undefined ? undefined : index.at('pushed_authorization_request').find(({ answer }) => answer['request_uri'] === reference)
  const message = pushed ?? request
  const object = tokenOf(message.parameters['request'])
  return { message, asked: { ...message.parameters, ...object?.payload as SignIn['asked'] | undefined } }
}

/** The answer to each request that the browser takes to the client; where the provider has asked something before, it comes later. */
function responsesTo (asking: Map<Message, Asking>, { messages }: MessageIndex): Map<Message, Message> {
  const responses = new Map<Message, Message>()
  const latest = new Map<string, Message>()
  for (const message of messages) {
    if (message.service !== 'idp') continue
    const flow = `${message.realm} ${message.flow ?? clientOf(message)}`
    if (asking.has(message)) latest.set(flow, message)
    const request = latest.get(flow)
    if (request && !responses.has(request) && isResponse(message, asking.get(request)!.asked['redirect_uri'])) responses.set(request, message)
  }
  return responses
}

/** By a redirect, or by a page that posts it (`form_post`). */
const isResponse = ({ answer, status, endpoint }: Message, redirectUri: RecordedValue | undefined) =>
  ['authorization', 'resume'].includes(endpoint) && ('code' in answer || 'error' in answer) &&
  (answer['location'] === redirectUri || (answer['location'] === undefined && status === 200))

function whatCame (clientId: string, response: Message | undefined, index: MessageIndex) {
  const code = response && textOf(response.answer['code'])
  const presented = index.presenting(code ?? (response && textOf(response.answer['state'])))
  const redemptions = code === undefined ? [] : presented.filter(({ endpoint }) => endpoint === 'token')
  const own = redemptions.filter(({ client_id: client }) => client === clientId)
  const tokens = own.findLast(isGood)
  return {
    response,
    callback: response && presented.findLast(({ service, at }) => service !== 'idp' && at >= response.at),
    redemptions,
    redemption: tokens ?? own.at(-1),
    tokens,
    idToken: tokens && tokenOf(tokens.answer['id_token']),
    ...laterUses(clientId, tokens, index)
  }
}

const isGood = ({ answer }: Message) => answer['access_token'] !== undefined

/** Each refresh token leads to the next. */
function laterUses (clientId: string, tokens: Message | undefined, index: MessageIndex): Pick<SignIn, 'refreshes' | 'userinfo'> {
  const refreshes = new Set<Message>()
  const userinfo = new Set<Message>()
  const toFollow = tokens ? [tokens] : []
  for (const { answer } of toFollow) {
    for (const message of index.presenting(textOf(answer['access_token']))) if (message.endpoint === 'userinfo') userinfo.add(message)
    for (const message of index.presenting(textOf(answer['refresh_token']))) {
      if (message.endpoint !== 'token' || refreshes.has(message)) continue
      refreshes.add(message)
      if (message.client_id === clientId) toFollow.push(message)
    }
  }
  return {
    refreshes: [...refreshes].map(message => ({ message, idToken: message.client_id === clientId ? tokenOf(message.answer['id_token']) : undefined })),
    userinfo: [...userinfo]
  }
}
