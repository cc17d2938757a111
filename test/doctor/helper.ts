import type { Test } from 'tap'
import type { Row } from '../../scripts/doctor/finding.ts'
import { diagnose } from '../../scripts/doctor/diagnose.ts'
import { labSettings } from '../helpers/lab.ts'
import { serve } from '../strictness/providers.ts'

/** Settings of addresses at which nobody listens: this port is given to no test that asks for a free one. */
export const alone = { APP_PORT: '2', IDP_PORT: '2', GENESYS_PORT: '2' }

/** What the doctor says of the lab's settings with changes: a row by its name. Of all checks, or of those that are named. */
export async function rowsOf (changes: Record<string, string>, ...names: string[]): Promise<Map<string, Row>> {
  const { rows } = await diagnose(labSettings(changes), labSettings(), name => names.length === 0 || names.includes(name))
  return new Map(rows.map(row => [row.name.replace(/^clock of .*/, 'clock'), row]))
}

/** What it says of one thing. */
export const look = async (changes: Record<string, string>, name: string): Promise<Row | undefined> =>
  (await rowsOf(changes, name)).get(name)

/** The names of the rows of a verdict. */
export const namesOf = (rows: Map<string, Row>, verdict: Row['verdict']): string[] =>
  [...rows.values()].filter(row => row.verdict === verdict).map(({ name }) => name)

type Answers = Record<string, { status?: number, headers?: Record<string, string>, body?: unknown }>

/** Something that answers each path as it is told to, and 404 elsewhere. @returns its origin */
export function startAnswering (t: Test, prepare: (url: string) => Answers): Promise<string> {
  return serve(t, url => {
    const answers = prepare(url)
    return ({ url: path = '' }, response) => {
      const { status = 200, headers = {}, body } = answers[path.split('?', 1)[0]!] ?? { status: 404, body: 'Not found' }
      const text = typeof body === 'string' ? body : JSON.stringify(body ?? {})
      const type = typeof body === 'string' ? 'text/html' : 'application/json'
      response.writeHead(status, { 'content-type': type, ...headers }).end(text)
    }
  })
}

/** A provider that says these things of itself, beside what each says. */
export function startProvider (t: Test, metadata: Record<string, unknown> = {}, answers: Answers = {}): Promise<string> {
  return startAnswering(t, url => ({
    '/.well-known/openid-configuration': {
      body: {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/jwks`,
        response_types_supported: ['code'],
        ...metadata
      }
    },
    ...answers
  }))
}
