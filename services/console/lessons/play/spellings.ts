/**
 * Ways to write an address elsewhere so that a careless look takes it for one of the site's own, the plain one first. Browsers take
 * each of them for the same.
 *
 * @param target where it is to lead
 * @param home the address of the site's first page
 * @see https://url.spec.whatwg.org/#url-parsing
 */
export function spellingsOf (target: string, home: string): string[] {
  const { protocol, host, pathname } = new URL(target)
  const elsewhere = `${host}${pathname}`
  return [
    target,
    `//${elsewhere}`,
    `/\\${elsewhere}`,
    `\\\\${elsewhere}`,
    `/\t/${elsewhere}`,
    ` ${target}`,
    `${protocol.toUpperCase()}//${elsewhere}`,
    `${new URL(home).origin}@${elsewhere}`,
    `${target}?${home}`
  ]
}
