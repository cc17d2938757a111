/**
 * After the sign-in it goes on to a page of this site. The parameter is in a link, and anybody can write links.
 *
 * @param home the address of this site’s first page
 * @returns where to go
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.11
 */
export function limitsReturnTo (returnTo: string | undefined, home: string): string {
  const url = URL.parse(returnTo ?? '', home)
  return url?.href.startsWith(home) ? url.href : home
}
