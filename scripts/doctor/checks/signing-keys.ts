import { importJWK, type JWK } from 'jose'
import { objectIn, wordsOf } from '../../report/answer-text.ts'
import { ok, problem, skipped, warning, type Check } from '../finding.ts'
import { signingAlgorithmsOf, type DiscoveredProvider } from '../requests/provider-subject.ts'

const privateParts = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
export const keys: Check<DiscoveredProvider> = {
  name: 'keys (JWKS)',
  async run ({ metadata, peer }) {
    if (typeof metadata.jwks_uri !== 'string') return skipped('the document has no jwks_uri')
    const { status, text } = await peer.request(metadata.jwks_uri)
    const where = `(GET ${metadata.jwks_uri})`
    const set = status === 200 ? objectIn(text)?.['keys'] : undefined
    if (!Array.isArray(set)) {
      return problem(`no key set, but ${status} “${wordsOf(text)}” ${where}`,
        'no ID token can be verified: ask whoever runs the provider')
    }

    const published = set.filter((key): key is JWK => typeof key === 'object' && key !== null)
    if (published.some(key => privateParts.some(part => part in key))) {
      return problem(`a key has its private part ${where}`,
        'whoever has read it can sign as the provider: have it replaced at once')
    }
    const algorithms = signingAlgorithmsOf(metadata) ?? ['RS256']
    const usable = (await Promise.all(published.map(key => algorithmsOf(key, algorithms)))).filter(names => names.length > 0)
    if (usable.length === 0) {
      return problem(`${published.length} keys, none of which verifies ${algorithms.join(', ')} ${where}`,
        'no ID token can be verified: give the provider a signing key, e.g. of RSA for RS256')
    }
    const kids = published.map(({ kid }) => kid).filter(kid => kid !== undefined)
    const twice = kids.find((kid, index) => kids.indexOf(kid) !== index)
    const change = 'give each key a kid of its own, so that the right one is found'
    if (twice !== undefined) return warning('two keys have the same kid', change)
    if (usable.length > 1 && kids.length < published.length) return warning('several keys, and not each has a kid', change)
    return ok(`${usable.length} for signatures: ${[...new Set(usable.flat())].join(', ')}`)
  }
}

/** For which of the algorithms a key is any good. */
async function algorithmsOf (key: JWK, algorithms: string[]): Promise<string[]> {
  if (key.use !== undefined && key.use !== 'sig') return []
  const fits = await Promise.all(algorithms.map(async alg => {
    if ((key.alg !== undefined && key.alg !== alg) || !isOfType(key, alg)) return false
    return importJWK(key, alg).then(() => true, () => false)
  }))
  return algorithms.filter((_, index) => fits[index])
}

const curves: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519', Ed25519: 'Ed25519' }

function isOfType ({ kty, crv }: JWK, alg: string): boolean {
  return /^[RP]S\d/.test(alg) ? kty === 'RSA' : alg in curves && crv === curves[alg]
}
