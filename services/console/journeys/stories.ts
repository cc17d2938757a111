import type { Message } from './message.ts'

const stories: Record<string, string> = {
  login: 'The browser asks the application to sign somebody in. The application makes up a state, a nonce and a code verifier, keeps them, and sends the browser to the provider.',
  authorization: 'The browser brings the authorization request to the provider: which application asks, where the answer is to go, and the state, nonce and code challenge that it will be known by.',
  interaction: 'The provider does not know who this is, and shows its sign-in page.',
  sign_in: 'The person has typed a user name and a password, which only the provider gets to see.',
  select_account: 'The person chooses one of the test users.',
  second_factor: 'The provider asks for a second factor.',
  consent: 'The provider asks whether the application may know this.',
  resume: 'The provider goes on with the request that the sign-in interrupted, and sends the browser back with an authorization code.',
  callback: 'The browser brings the code to the application, with the state that it began with. The application redeems the code before it answers.',
  token: 'The application redeems the code at the provider, server to server, with its own secret and the code verifier. Tokens come back.',
  jwks: 'The application fetches the public keys of the provider, to check the signature of the ID token.',
  discovery: 'The provider says where its endpoints are and what it can do.',
  userinfo: 'The application asks the provider about the person, with the access token.',
  messenger_login: 'The page needs a second authorization code, for Genesys. The application sends the browser to the provider again, this time as Genesys’ client and with prompt=none: nobody is to be asked anything.',
  messenger_callback: 'The browser brings the second code back. The application does not redeem it: it is for Genesys.',
  messenger_auth_code: 'The page gets the second code, to hand it to the Messenger.',
  token_exchange: 'The Messenger gives the second code to Genesys, which redeems it at the provider and answers with tokens of its own.',
  token_refresh: 'The Messenger asks Genesys for fresh tokens.',
  token_revoke: 'The Messenger gives up its tokens.',
  configureAuthenticatedSession: 'The guest’s socket shows Genesys’ token: from now on the conversation is that of the person who signed in.',
  configureSession: 'The guest’s socket opens a conversation.',
  SessionResponse: 'Genesys says that the session is ready.',
  onMessage: 'The guest writes, or does something else in the conversation.',
  StructuredMessage: 'A message reaches the guest: an echo of their own, or one of the agent.',
  profile: 'The page asks the application, and the application the provider, about the person.',
  deployment_configuration: 'The Messenger fetches how it is to look and behave.',
  logout: 'The person signs out. The application ends its session, and sends the browser to the provider to end that one too.',
  end_session: 'The browser asks the provider to end the session; the ID token says whose.',
  end_session_confirm: 'The person confirms the sign-out.',
  logout_callback: 'The browser is back from the provider: everybody is signed out.',
  backchannel_logout: 'The provider tells an application, server to server and by a signed token, that the person has signed out.',
  introspection: 'The provider says whether a token is alive.',
  revocation: 'The application gives a token back.',
  pushed_authorization_request: 'The application sends the authorization request to the provider itself; the browser gets but a reference to it.'
}

/** What a message is about, in words. */
export function storyOf ({ endpoint, from, to, status, method, isInferred, parameters }: Message): string {
  if (isInferred) return `The browser follows the redirect and brings the ${'error' in parameters ? 'error' : 'code'} to the application, ${to}. That one is outside the lab: nothing here has seen whether it has arrived, or what was answered.`
  const story = stories[endpoint] ?? `${method} ${endpoint.replaceAll('_', ' ')}, from ${from} to ${to}.`
  if (status === 0) return `${story} The connection broke before there was an answer.`
  return status < 400 ? story : `${story} It was refused: ${status}.`
}
