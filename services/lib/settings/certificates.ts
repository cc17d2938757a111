import { X509Certificate } from 'node:crypto'

/** What should be certificates in PEM is not. */
export class CertificateError extends Error {
  override name = 'CertificateError'
}

/**
 * The certificates of a PEM file, each in PEM. What stands between them, such as their names, is left out.
 *
 * OpenSSL passes over what it cannot read in a list of trusted certificates; then nothing says why a peer is not trusted.
 *
 * @throws {CertificateError} when there is none, or one is malformed
 * @see https://www.rfc-editor.org/rfc/rfc7468#section-5
 */
export function certificatesIn (pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?(-----END CERTIFICATE-----|$)/g)
  if (!blocks) throw new CertificateError('there is no certificate in PEM: no line is -----BEGIN CERTIFICATE-----')
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block).toString()
    } catch (cause) {
      throw new CertificateError(`certificate ${index + 1} of ${blocks.length} is malformed`, { cause })
    }
  })
}
