// Addresses of this application. It may be all of a host or below a path of one, and that is where these scripts are.

/** An address that is too long, encoded, is one that the server does not take. */
const LONGEST = 6_000

/**
 * @param {string} path without a slash at its start
 */
export function addressOf (path) {
  return new URL(path, import.meta.url).pathname
}

/** Where the person is on this site, to come back to; home where that is too long to be kept. */
export function currentPlace () {
  const place = location.pathname + location.search + location.hash
  return encodeURIComponent(place).length > LONGEST ? addressOf('.') : place
}

/**
 * Where the server gets a code for the Messenger.
 * @param {string} returnTo where it ends, this page where not said
 */
export function messengerSignInUrl (returnTo = currentPlace()) {
  return `${addressOf('messenger/login')}?${new URLSearchParams({ return_to: returnTo })}`
}
