// The page of an application on https://github.com/authts/oidc-client-ts, at all of its paths. What it knows of the session it
// writes as JSON, when whatever it was doing is over.
/* global oidc */
const { origin, pathname } = location
const { issuer, clientId, username } = document.body.dataset
const manager = new oidc.UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: `${origin}/callback`,
  popup_redirect_uri: `${origin}/popup`,
  silent_redirect_uri: `${origin}/frame`,
  post_logout_redirect_uri: `${origin}/`,
  scope: 'openid profile email',
  loadUserInfo: true,
  extraQueryParams: { login_hint: username }
})

/** Whether there is a page to come back to, which then says how it ended. */
const arrivals = {
  '/login': () => manager.signinRedirect(),
  '/callback': () => manager.signinRedirectCallback(),
  '/popup': () => manager.signinPopupCallback(),
  '/frame': () => manager.signinSilentCallback()
}

const actions = {
  'Sign in': () => manager.signinRedirect(),
  'Sign in in a popup': () => manager.signinPopup(),
  'Ask in a frame': () => manager.signinSilent({ forceIframeAuth: true }),
  Refresh: () => manager.signinSilent(),
  'Revoke tokens': () => manager.revokeTokens(),
  'Sign out': () => manager.signoutRedirect({ state: 'state-of-the-sign-out' })
}

async function act (action) {
  const output = document.querySelector('output')
  output.textContent = ''
  let error
  try {
    await action?.()
  } catch (reason) {
    error = reason.error ?? reason.message
  }
  const user = await manager.getUser()
  output.textContent = JSON.stringify({ signedIn: user !== null, profile: user?.profile, accessToken: user?.access_token, error })
}

for (const [name, action] of Object.entries(actions)) {
  const button = document.createElement('button')
  button.textContent = name
  button.addEventListener('click', () => act(action))
  document.body.append(button)
}
act(arrivals[pathname])
