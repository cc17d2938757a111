import { isIP } from 'node:net'
import type { RedisOptions } from 'iovalkey'

/** Where a server is, as a setting has it. */
export interface ValkeyAddress {
  /** without user and password, for logs and messages */
  where: string
  options: Pick<RedisOptions, 'host' | 'port' | 'username' | 'password' | 'db' | 'tls'>
}

/**
 * Read a URL, such as `valkey://user:password@valkey:6379/0`.
 *
 * @see https://www.iana.org/assignments/uri-schemes/prov/redis
 */
export function readValkeyAddress (url: string): ValkeyAddress {
  const { protocol, hostname, port, username, password, pathname } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const db = Number(pathname.slice(1))
  return {
    where: `${protocol}//${hostname}:${port || 6379}${db === 0 ? '' : `/${db}`}`,
    options: {
      host,
      port: Number(port || 6379),
      db,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(isByTls(protocol) && { tls: isIP(host) === 0 ? { servername: host } : {} })
    }
  }
}

const isByTls = (protocol: string) => ['valkeys:', 'rediss:'].includes(protocol)
