/** What a redirect says: its `location` without parameters, and the parameters of its query and fragment. */
export function redirectParameters (location: string): Record<string, string> {
  const [, address, query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(location)!
  return { location: address!, ...Object.fromEntries(new URLSearchParams(query)), ...Object.fromEntries(new URLSearchParams(fragment)) }
}
