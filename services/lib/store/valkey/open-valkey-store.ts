import { shareValkeyConnection } from './valkey-connection.ts'
import { ValkeyStore } from './valkey-store.ts'

/** @throws {StateError} where the server cannot be reached for ten seconds, or refuses the password */
export async function openValkeyStore (name: string, url: string): Promise<ValkeyStore> {
  return new ValkeyStore(name, await shareValkeyConnection(url, `{${name}}:trial`))
}
