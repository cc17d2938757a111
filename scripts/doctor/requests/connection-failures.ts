interface Failure {
  reason: string
  change: string
}

const unknownAuthority = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
])
const unknownName = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME'])
const noTime = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
const brokenOff = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const noWay = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])

/**
 * Why a request got no answer, in words.
 *
 * @param error what `fetch` threw
 * @param caSetting which setting takes a certificate authority that nobody knows
 */
export function explainFailure (error: unknown, { host, hostname, protocol, port }: URL, caSetting: string): Failure {
  const { code, message } = innermost(error)
  if (isTimeout(error) || noTime.has(code)) {
    return {
      reason: `${host} did not answer within five seconds`,
      change: 'see that it runs, and that no firewall between it and this machine drops what is sent'
    }
  }
  if (code === 'ECONNREFUSED') {
    const change = `start it, or correct the URL: is ${port || 'its default'} the right port?`
    return { reason: `nothing listens at ${host}`, change }
  }
  if (unknownName.has(code)) {
    return {
      reason: `the name ${hostname} is not known here`,
      change: 'correct the URL, or the name in DNS; a name of a container is known to the other containers alone'
    }
  }
  if (unknownAuthority.has(code)) {
    return {
      reason: `the certificate of ${host} is by an authority that is not known here (${code})`,
      change: `set ${caSetting} to a PEM file of that authority, or have the server send its intermediate certificates too` +
        (hostname.endsWith('localhost') ? '; where that of the lab is, npm run lab:trust says' : '')
    }
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return {
      reason: `the certificate of ${host} is for other names: ${message.replace(/^.*altnames: /, '')}`,
      change: 'use the name that the certificate has, or give the server a certificate with this name'
    }
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'
    const change = 'renew it there; see too that the clock of this machine is right'
    return { reason: `the certificate of ${host} ${when}`, change }
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL')) {
    return {
      reason: `${host} does not speak TLS as it should (${code})`,
      change: protocol === 'https:' ? 'see whether it speaks http on this port, and give https its own' : 'use https'
    }
  }
  if (brokenOff.has(code)) {
    const change = 'see its log; a port for TLS may do so to plain http'
    return { reason: `${host} closed the connection without an answer`, change }
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return { reason: `${host} sends more than 2 MB`, change: 'see whether the URL is right: no answer of a provider is as long as that' }
  }
  if (noWay.has(code)) return { reason: `there is no way to ${host} (${code})`, change: 'see the network of this machine' }
  return { reason: `no answer from ${host}: ${code || message}`, change: 'see whether the URL is right, e.g. with curl' }
}

const isTimeout = (error: unknown) => error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')

/** `fetch` says no more than that it failed; why, is in the cause of the cause, or in the first of several. */
function innermost (error: unknown): { code: string, message: string } {
  const { cause, code, message } = error as Error & { code?: string }
  const inner = cause instanceof AggregateError ? cause.errors[0] as unknown : cause
  return inner instanceof Error ? innermost(inner) : { code: code ?? '', message }
}
