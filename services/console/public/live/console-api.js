/** @import { Finding, Message, Summary } from '../types.js' */

/** @param {Response} response */
async function read (response) {
  if (!response.ok) throw new Error((await response.json()).error_description)
  return response.json()
}

/** @returns {Promise<Summary[]>} */
export const readJourneys = async () => (await read(await fetch('journeys'))).journeys

/**
 * The messages of a journey, some at a time, as they come; none where it has made room for others.
 * @param {string} id
 * @param {boolean} withSecrets
 * @returns {AsyncGenerator<Message[], void>}
 */
export async function * readMessages (id, withSecrets) {
  const response = await fetch(`journeys/${id}/messages${withSecrets ? '?secrets=show' : ''}`)
  if (response.status === 404) return
  if (!response.ok || !response.body) return await read(response)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let begun = ''
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const lines = `${begun}${value}`.split('\n')
    begun = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
}

/**
 * What the examiner finds; nothing where the journey has made room for others.
 * @param {string} id
 * @returns {Promise<Finding[]>}
 */
export async function readFindings (id) {
  const response = await fetch(`journeys/${id}/findings`)
  return response.status === 404 ? [] : (await read(response)).findings
}

/**
 * Have everything forgotten that was exchanged.
 * @returns {Promise<Record<string, boolean>>} which services have
 */
export const clearLedgers = async () => (await read(await fetch('journeys', { method: 'DELETE' }))).cleared
