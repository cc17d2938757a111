import type { Logger } from '#lib/server/http-server.ts'
import type { Store } from '#lib/store/store.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import { claimsByScope } from '../../accounts/user-claims.ts'
import type { Clients } from '../../clients/registered-clients.ts'
import { applyFaults } from '../../faults/apply-faults.ts'
import type { ChangeableProvider } from '../../faults/changeable-provider.ts'
import type { PermissiveClients } from '../../permissive/permissive-clients.ts'
import { permitForClients } from '../../permissive/permit-for-clients.ts'
import { presetOf } from '../../presets/presets.ts'
import type { Instruments } from '../../realm/realm.ts'
import { observeProvider } from '../../recording/provider-context.ts'
import type { CookieSignatures } from '../../state/cookie-signatures.ts'
import type { IssuerKeys } from '../../state/issuer-keys.ts'
import type { KeptSettings } from '../../state/realm-settings.ts'
import type { ProviderPages } from '../provider-pages.ts'
import { allowFormsOfInteractions } from './allow-forms-of-interactions.ts'
import { announceUsedFeatures } from './announce-used-features.ts'
import { answerRevocations } from './answer-revocations.ts'
import { detectReplays } from './detect-replays.ts'
import { explainInvalidGrants } from './explain-invalid-grants.ts'
import { fillInUserCode } from './fill-in-user-code.ts'
import { handOverToFastify } from './hand-over-to-fastify.ts'
import { hashAccessTokens } from './hash-access-tokens.ts'
import { hideUnpublishedKeys } from './hide-unpublished-keys.ts'
import { includeSid } from './include-sid.ts'
import { leaveOutSignOutQuestion } from './leave-out-sign-out-question.ts'
import { logBackChannelLogout } from './log-back-channel-logout.ts'
import { logRefusals } from './log-refusals.ts'
import { refuseUnusedFeatures } from './refuse-unused-features.ts'
import { replaceSelfSubmittingForms } from './replace-self-submitting-forms.ts'
import { sendSessionInFrames } from './send-session-in-frames.ts'
import { signOutInFrames } from './sign-out-in-frames.ts'
import { takeHintsOfOtherClients } from './take-hints-of-other-clients.ts'
import { takeOnHabits } from './take-on-habits.ts'
import { tellLevels } from './tell-levels.ts'

/** What the extensions are made with; each is given what it needs. */
export interface ExtensionParts {
  accounts: Accounts
  clients: Clients
  permissive: PermissiveClients
  keys: IssuerKeys
  cookieSignatures: CookieSignatures
  settings: KeptSettings
  store: Store
  /** nothing outside of a lab */
  instruments: Instruments | undefined
  pages: ProviderPages
  log: Logger
  /** whether the realm has been removed: what is under way then fails */
  isRemoved: () => boolean
}

/**
 * Everything that is changed in oidc-provider, in this order: of what changes the answer to a request, the first sees what all
 * others have made of it.
 */
export function extendProvider (provider: ChangeableProvider, parts: ExtensionParts): void {
  const { accounts, clients, permissive, keys, cookieSignatures, settings, store, instruments, pages, log, isRemoved } = parts
  const preset = presetOf(settings.value)

  // The same signatures as Keygrip makes, in less time.
  provider.keys = cookieSignatures
  // `protocol-routes.ts` says in the headers of a proxy under which URL the world sees this provider.
  provider.proxy = true
  // What it has no endpoint for, and what it fails at, Koa would answer in plain text.
  handOverToFastify(provider, isRemoved)
  // Whoever shows by an ID token that it is about this very session need not be asked before they are signed out.
  leaveOutSignOutQuestion(provider, { ofAll: preset?.asksAtSignOut === false })
  // An application asks for the Messenger's code by its own ID token.
  takeHintsOfOtherClients(provider)
  // In a lab, what strictness refuses is let pass for permissive clients, before a fault finds what is about to be used.
  if (instruments) permitForClients(provider, { permissive, accounts, store, isKnownScope })
  // Clients end their sessions in the same browser; before faults, so that one in the way back is one in the way on from there.
  signOutInFrames(provider, page => pages.show('front-channel-sign-out', page))
  // In a lab, the recorder sees what faults have made of the answers.
  if (instruments) observeProvider(provider)
  // In a lab, faults spoil answers that are complete.
  if (instruments) applyFaults(provider, { faults: instruments.faults, keys, accounts })
  // A realm may be like another product, and its habits are what faults spoil.
  takeOnHabits(provider, preset)
  // Every client can match an ID token with a logout token.
  includeSid(provider)
  // A client can see that somebody has put in another access token.
  hashAccessTokens(provider)
  // Of the levels that a person has reached, tokens name the one that the request prefers.
  tellLevels(provider, accounts)
  // A page of another site can ask in a hidden frame who is signed in.
  sendSessionInFrames(provider)
  // A client that finds an endpoint announced uses it, even unasked.
  announceUsedFeatures(provider, { clients, settings })
  // To a client that does not use a feature, the provider is one that has not got it.
  refuseUnusedFeatures(provider)
  // Of two requests at once with one proof, oidc-provider lets both pass.
  detectReplays(provider, store)
  // The address with the code of a device shows a form, which a script would submit otherwise.
  fillInUserCode(provider, pages.show.bind(pages))
  // No page has a script, so a person submits the forms that one would.
  replaceSelfSubmittingForms(provider, pages, clients)
  // The forms of an interaction lead to the client whose request it is about, which the page's policy has to allow.
  allowFormsOfInteractions(provider, clients)
  // oidc-provider publishes all keys that it has.
  hideUnpublishedKeys(provider, keys)
  // `grant request is invalid` tells nobody what to mend.
  explainInvalidGrants(provider, store)
  // An empty text is refused by clients that look at its type first.
  answerRevocations(provider)
  // Whoever runs the provider learns why somebody was refused.
  logRefusals(provider, { log, isRemoved })
  // A sign-out goes on where a client cannot be told of it.
  logBackChannelLogout(provider, log)

  function isKnownScope (scope: string): boolean {
    return Boolean(claimsByScope(accounts, settings.value, clients)[scope])
  }
}
