/** What the page about a problem says. */
export interface ProblemText { title: string, meaning: string }

const again = 'You can try again; nothing was lost.'

const unusableRequest = { title: 'The sign-in failed', meaning: 'The identity provider could not use the request that we sent. That is our mistake, not yours.' }
const unsupportedRequest = { title: 'The sign-in failed', meaning: 'The identity provider does not support requests as we sent one. That is our mistake, not yours.' }

const texts: Record<string, ProblemText> = {
  // https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1
  access_denied: { title: 'You were not signed in', meaning: 'The sign-in was cancelled, or the identity provider does not let you in.' },
  invalid_request: { title: 'The sign-in failed', meaning: 'The identity provider did not understand our request. That is our mistake, not yours.' },
  unauthorized_client: { title: 'The sign-in failed', meaning: 'The identity provider does not let this application sign people in this way.' },
  unsupported_response_type: { title: 'The sign-in failed', meaning: 'The identity provider does not offer the authorization code flow to this application.' },
  invalid_scope: { title: 'The sign-in failed', meaning: 'This application asked the identity provider for something it may not have.' },
  server_error: { title: 'The identity provider has a problem', meaning: `Something went wrong at the identity provider. ${again}` },
  temporarily_unavailable: { title: 'The identity provider is busy', meaning: `It asks to be left alone for a moment. ${again}` },
  // https://openid.net/specs/openid-connect-core-1_0.html#AuthError
  login_required: { title: 'Please sign in again', meaning: 'The identity provider does not know you any more in this browser. Sign in again to go on.' },
  consent_required: { title: 'Your consent is needed', meaning: 'The identity provider wants to ask you something before it can go on.' },
  interaction_required: { title: 'The identity provider has a question', meaning: 'It wants to show you a page before it can go on.' },
  account_selection_required: { title: 'Please choose an account', meaning: 'You are signed in with several accounts at the identity provider.' },
  // https://openid.net/specs/openid-connect-unmet-authentication-requirements-1_0.html
  unmet_authentication_requirements: { title: 'Please sign in as this site asks', meaning: 'This site asks for a fresh sign-in, or for a certain way of signing in, such as with a second factor. The identity provider does not confirm that there was one. You can try again.' },
  // https://openid.net/specs/openid-connect-prompt-create-1_0.html
  unsupported_prompt: { title: 'The identity provider does not offer that', meaning: 'This site asks it for something that it does not have, such as a page to register at. Its operator has to look at OIDC_PROMPT; there is nothing that you could do.' },
  invalid_request_uri: unusableRequest,
  invalid_request_object: unusableRequest,
  request_not_supported: unsupportedRequest,
  request_uri_not_supported: unsupportedRequest,
  registration_not_supported: unsupportedRequest,
  // https://www.rfc-editor.org/rfc/rfc6749#section-5.2
  invalid_grant: { title: 'The sign-in failed', meaning: 'The code that the identity provider gave was used already, or it has expired.' },
  invalid_client: { title: 'The sign-in failed', meaning: 'The identity provider does not accept this application\'s credentials. Its operator has to look at OIDC_CLIENT_ID, OIDC_CLIENT_AUTH and the secret or key.' },
  // Ours
  invalid_response: { title: 'The sign-in failed', meaning: 'What came back from the identity provider did not pass our checks, so we did not use it.' },
  invalid_id_token: { title: 'The sign-in failed', meaning: 'The identity provider\'s statement about who you are did not pass our checks, so we did not believe it.' },
  invalid_userinfo: { title: 'The sign-in failed', meaning: 'What the identity provider told about you did not pass our checks, so we did not believe it.' },
  invalid_metadata: { title: 'The sign-in failed', meaning: 'What the identity provider says of itself did not pass our checks, so we do not trust it.' },
  invalid_token: { title: 'The sign-in failed', meaning: 'The identity provider does not take the access token that it gave us.' },
  state_missing: { title: 'This was no answer to a sign-in', meaning: 'The address you came by lacks what it needs. Start from the application.' },
  state_unknown: { title: 'This sign-in is over', meaning: 'It was finished already, it took too long, or it was started in another browser. If you did not start one, somebody may have sent you a link to sign you in as them; you were not.' },
  state_unknown_and_signed_in: { title: 'You are signed in', meaning: 'This address was used already: nothing more is to be done here. If you did not open it yourself, somebody may have sent you a link to sign you in as them; you were not.' },
  unknown_issuer: { title: 'We do not know that identity provider', meaning: 'The link you followed wanted to sign you in with a provider that this application has nothing to do with.' },
  other_provider: { title: 'The sign-in failed', meaning: 'The answer came from another identity provider than the one that was asked, so we did not use it. Somebody may have tried to mix them up.' },
  signed_out_here_alone: { title: 'You are signed out here', meaning: 'Your session of this application is over. The identity provider does not answer, so it has not been told: it may still know you in this browser, and ask for no password.' },
  sign_out_unconfirmed: { title: 'You are signed out here', meaning: 'Your session of this application is over. What came back from the identity provider does not fit your sign-out, so we cannot say whether you are signed out there too.' },
  session_ended: { title: 'You were signed out', meaning: 'The identity provider does not let this sign-in go on. Sign in again.' },
  provider_unavailable: { title: 'Signing in is not possible right now', meaning: 'The identity provider does not answer. The rest of this site works; try again in a moment.' },
  return_to_refused: { title: 'That address is not part of this site', meaning: 'After signing in, we only send you on within this site. The link you followed wanted to lead you elsewhere.' },
  csrf: { title: 'This page was out of date', meaning: 'Your request did not come from the page we gave you last. Go back, reload and try again.' },
  rate_limited: { title: 'Too many sign-ins', meaning: 'Too many sign-ins were started from your address. Wait a minute.' },
  malformed: { title: 'That address is not right', meaning: 'Something in the address or form that brought you here is malformed.' },
  cannot_keep: { title: 'This is not possible right now', meaning: 'This application cannot keep or look up anything at the moment, so what you asked for has not happened. Try again in a moment.' },
  internal_error: { title: 'Something went wrong here', meaning: `That is our mistake, not yours. ${again}` },
  not_found: { title: 'Page not found', meaning: 'There is no such page.' }
}

/** The words for an error code of the protocol or of ours. What we have none for was the provider's refusal. */
export const problemTextOf = (error: string): ProblemText =>
  texts[error] ?? { title: 'The sign-in failed', meaning: `The identity provider refused. ${again}` }
