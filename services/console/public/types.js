/**
 * @typedef {{ name: string, value: string | number | boolean | null, secret: boolean, same?: string, hash?: string }} Value
 * @typedef {{ name: string, header: Value[], payload: Value[] }} Token
 * @typedef {{
 *   key: string, service: string, realm: string, at: number, end: number, time: string, from: string, to: string, method: string, endpoint: string,
 *   path: string, url: string, status: number, story: string, parameters: Value[], answer: Value[], tokens: Token[], faults: string[],
 *   violations: { rule: string, what: string, specification: string }[], frame?: { direction: string, name: string, connection: string },
 *   requestHeaders: Record<string, string | string[]>, answerHeaders: Record<string, string | string[]>, client_id?: string, username?: string, isInferred?: true
 * }} Message
 * @typedef {{
 *   id: string, from: number, to: number, messages: number, who: string[], clients: string[], realm: string, outcome: string, faults: string[], endpoints: string[]
 * }} Summary
 * @typedef {{ kind: 'message', journey: string, message: Message, replaced?: string } | { kind: 'gone', id: string, into?: string }} Change
 * @typedef {{ journeys: Summary[], changes: Change[] }} Changes
 */

/**
 * What a check has found.
 * @typedef {{
 *   name: string, by: string, demands: string, specification: { section: string, url: string }, ok: boolean, expected: string, found: string,
 *   message: string, outcome?: 'accepted' | 'refused', evidence?: string, mayGoOn?: true
 * }} Finding
 */
export {}
