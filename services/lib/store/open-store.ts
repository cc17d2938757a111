import type { Store } from './store.ts'

/**
 * Open the store of a service, making it where there is none: over SQLite in the state folder, or over Valkey where a URL says so.
 *
 * @param options.name what the store is called, such as `genesys` or `idp/<realm>`; stores of other names share nothing
 * @param options.stateFolder where the files are. Over Valkey it is left alone
 * @param options.storeUrl `valkey://[user:password@]host[:port][/database]`, or `valkeys://` for TLS
 * @throws {StateError} where a file is damaged, locked, or cannot be written; where Valkey cannot be reached for ten seconds, or
 *   refuses the password
 */
export async function openStore (
  { name, stateFolder, storeUrl }: { name: string, stateFolder: string, storeUrl?: string | undefined }
): Promise<Store> {
  if (storeUrl === undefined) return (await import('./sqlite/open-sqlite-store.ts')).openSqliteStore(name, stateFolder)
  // Only then is its client loaded.
  return (await import('./valkey/open-valkey-store.ts')).openValkeyStore(name, storeUrl)
}
