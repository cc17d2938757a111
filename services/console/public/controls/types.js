/**
 * What the control API answers, as far as the page shows it.
 * @typedef {{ name: string, title: string }} Group
 * @typedef {{
 *   type?: string, enum?: unknown[], anyOf?: Schema[], const?: unknown, default?: unknown, description?: string, minimum?: number, maximum?: number,
 *   minLength?: number, maxLength?: number, items?: Schema, properties?: Record<string, Schema>, required?: string[]
 * }} Schema
 * @typedef {{
 *   name: string, group: string, title: string, does: string, mustDo: string, outcome: 'refuse' | 'succeed' | 'retry' | 'may',
 *   specification: { section: string, url: string }, conformance?: string, scopes: string[], parameters?: Schema
 * }} FaultInCatalogue
 * @typedef {{
 *   id: string, fault: string, client_id?: string, username?: string, remaining?: number, expiresAt?: string,
 *   parameters: Record<string, unknown>, cannotShowYet?: string
 * }} ActiveFault
 * @typedef {{ name: string, refused: string, instead: string, specification: string }} Rule
 * @typedef {{ username: string, password: string, sub: string, about: string, disabled: boolean, claims: Record<string, unknown> } & Record<string, unknown>} User
 * @typedef {{ client_id: string, client_name: string, permissive: import('../let-off.js').Permissive, token_endpoint_auth_method: string, redirect_uris: string[] } & Record<string, unknown>} Client
 * @typedef {{ offsetSeconds: number, now: string, services?: Record<string, string> }} Clock
 * @typedef {{ kid: string, alg: string, stage: 'next' | 'current' | 'previous', published: boolean, jwk: Record<string, unknown> }} Key
 */
export {}
