/**
 * What the address of the page says about what it is to show.
 * @param {string} name
 */
export const inAddress = name => new URLSearchParams(location.search).get(name) ?? ''

/**
 * Have the address say it, so that a reload and whoever is sent it see the same.
 * @param {string} name
 * @param {string} value nothing takes it out
 */
export function keepInAddress (name, value) {
  const query = new URLSearchParams(location.search)
  if (value === '') query.delete(name)
  else query.set(name, value)
  history.replaceState(null, '', query.size === 0 ? location.pathname : `?${query}`)
}
