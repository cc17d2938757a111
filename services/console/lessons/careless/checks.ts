import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { bindsMessengerCode } from './checks/binds-messenger-code.ts'
import type { bindsState } from './checks/binds-state.ts'
import type { checksExp } from './checks/checks-exp.ts'
import type { checksLogoutToken } from './checks/checks-logout-token.ts'
import type { comparesAud } from './checks/compares-aud.ts'
import type { comparesIssParameter } from './checks/compares-iss-parameter.ts'
import type { comparesNonce } from './checks/compares-nonce.ts'
import type { comparesUserinfoSub } from './checks/compares-userinfo-sub.ts'
import type { keepsTokensOnServer } from './checks/keeps-tokens-on-server.ts'
import type { keysAccountsBySub } from './checks/keys-accounts-by-sub.ts'
import type { limitsReturnTo } from './checks/limits-return-to.ts'
import type { pinsAlg } from './checks/pins-alg.ts'
import type { refetchesKeys } from './checks/refetches-keys.ts'
import type { refreshesOnce } from './checks/refreshes-once.ts'
import type { renewsSessionId } from './checks/renews-session-id.ts'
import type { sendsPkce } from './checks/sends-pkce.ts'
import type { verifiesSignature } from './checks/verifies-signature.ts'

/** The checks of the site: each is a file in `checks`, and as it is often forgotten, one of the same name in `careless-checks`. */
export interface Checks {
  sendsPkce: typeof sendsPkce
  bindsState: typeof bindsState
  comparesIssParameter: typeof comparesIssParameter
  pinsAlg: typeof pinsAlg
  refetchesKeys: typeof refetchesKeys
  verifiesSignature: typeof verifiesSignature
  comparesAud: typeof comparesAud
  checksExp: typeof checksExp
  comparesNonce: typeof comparesNonce
  comparesUserinfoSub: typeof comparesUserinfoSub
  keysAccountsBySub: typeof keysAccountsBySub
  limitsReturnTo: typeof limitsReturnTo
  renewsSessionId: typeof renewsSessionId
  refreshesOnce: typeof refreshesOnce
  checksLogoutToken: typeof checksLogoutToken
  bindsMessengerCode: typeof bindsMessengerCode
  keepsTokensOnServer: typeof keepsTokensOnServer
}

/** The name of a check, as its file is called. */
export type CheckName = typeof checkNames[number]

/** What each check asks, in the order in which a sign-in comes by. */
export const checkTitles = {
  'sends-pkce': 'Does the code work for us alone?',
  'binds-state': 'Did this browser ask?',
  'compares-iss-parameter': 'Does the answer come from whom we have asked?',
  'pins-alg': 'Do we choose how the signature is checked?',
  'refetches-keys': 'Do we know the provider’s keys of today?',
  'verifies-signature': 'Did the provider write this?',
  'compares-aud': 'Was it made for us?',
  'checks-exp': 'Is it still good?',
  'compares-nonce': 'Was it made for this sign-in?',
  'compares-userinfo-sub': 'Is the profile about the same person?',
  'keys-accounts-by-sub': 'Whose account is this?',
  'limits-return-to': 'Where does it go on?',
  'renews-session-id': 'Does nobody else know the session id?',
  'refreshes-once': 'Is the refresh token spent once?',
  'checks-logout-token': 'Who signs this person out?',
  'binds-messenger-code': 'Whose code is this for the chat?',
  'keeps-tokens-on-server': 'What does the page get?'
} as const

export const checkNames = Object.keys(checkTitles) as (keyof typeof checkTitles)[]

const here = import.meta.dirname

/** Where the code of a check lies, as it must be or as it is often forgotten. */
export const fileOf = (name: CheckName, variant: 'careful' | 'careless'): string =>
  join(here, variant === 'careful' ? 'checks' : 'careless-checks', `${name}.ts`)

/** The code of a check, for whoever reads it on the page. */
export const sourceOf = (name: CheckName, variant: 'careful' | 'careless'): Promise<string> => readFile(fileOf(name, variant), 'utf8')

/** A check that somebody edits could not be loaded, or says nothing under its name. */
export class EditedCheckError extends Error {
  override name = 'EditedCheckError'
}

/**
 * The checks of one attempt.
 *
 * @param off which are the careless ones
 * @param edited files that stand in for some of them; each is read anew once it has changed
 * @throws {EditedCheckError} with what is wrong in an edited file
 */
export async function loadChecks (off: readonly CheckName[], edited: Partial<Record<CheckName, string>> = {}): Promise<Checks> {
  const loaded = await Promise.all(checkNames.map(async name => {
    const file = edited[name]
    const exported = exportOf(name)
    const module = file === undefined ? await import(pathToFileURL(fileOf(name, off.includes(name) ? 'careless' : 'careful')).href) as Record<string, unknown> : await importEdited(file)
    if (typeof module[exported] !== 'function') throw new EditedCheckError(`${file} does not export a function “${exported}”.`)
    return [exported, module[exported]] as const
  }))
  return Object.fromEntries(loaded) as unknown as Checks
}

async function importEdited (file: string): Promise<Record<string, unknown>> {
  try {
    const { mtimeMs } = await stat(file)
    return await import(`${pathToFileURL(file).href}?${mtimeMs}`) as Record<string, unknown>
  } catch (error) {
    throw new EditedCheckError(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `binds-state` exports `bindsState`. */
export const exportOf = (name: CheckName): keyof Checks =>
  name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase()) as keyof Checks
