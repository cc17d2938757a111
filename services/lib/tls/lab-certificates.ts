import { randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { realNow } from '../clock/clock.ts'
import { certifiedNames } from '../settings/settings.ts'
import { keep, keepInstead } from '../store/state-folder.ts'
import type { KeyAndCertificate } from './make-certificates.ts'

/** How the lab's authorities are called, each with something of its own behind it. */
export const authorityName = 'OIDC Messenger Lab'

/** The certificate of the authority in such a folder, for whoever is to trust it; its key lies in another file. */
export const authorityFile = (folder: string): string => join(resolve(folder), 'authority.pem')

// A process may run for long, and whoever has trusted the authority should not have to soon again.
const renewedBeforeMs = { server: 400 * 86_400_000, authority: 900 * 86_400_000 }

/**
 * The certificate of the lab's servers and its key, made at the first start, and anew before it expires. From then on this process
 * trusts the authority that has signed it, beside those that Node trusts.
 *
 * @param folder where they are kept, for all services
 * @throws {StateError} where they are damaged, or cannot be kept
 */
export async function labCertificates (folder: string): Promise<KeyAndCertificate> {
  const authority = await kept(folder, 'authority.json', renewedBeforeMs.authority, () => true, async make =>
    make.makeAuthority(`${authorityName} ${randomBytes(3).toString('hex')}`, realNow()))
  const server = await kept(folder, 'server.json', renewedBeforeMs.server, isBy(authority), async make =>
    make.makeServerCertificate(authority, certifiedNames, realNow()))
  publish(authorityFile(folder), authority.certificate)
  trust(authority.certificate)
  return server
}

async function kept (
  folder: string, file: string, renewedBeforeMs: number, isGood: (certificate: X509Certificate) => boolean,
  makeBy: (module: typeof import('./make-certificates.ts')) => Promise<KeyAndCertificate>
): Promise<KeyAndCertificate> {
  // Loaded where something is to be made, which is seldom.
  const make = async () => await makeBy(await import('./make-certificates.ts'))
  const found = await keep(folder, file, make, isWhole)
  const certificate = new X509Certificate(found.certificate)
  if (isGood(certificate) && certificate.validToDate.getTime() - realNow() > renewedBeforeMs) return found
  const next = await make()
  keepInstead(folder, file, next)
  return next
}

const isWhole = ({ key, certificate }: KeyAndCertificate) => typeof key === 'string' && new X509Certificate(certificate).raw.length > 0

function isBy ({ certificate: authority }: KeyAndCertificate) {
  return (certificate: X509Certificate) => certificate.checkIssued(new X509Certificate(authority)) &&
    certifiedNames.every(name => certificate.checkHost(name) !== undefined)
}

function publish (file: string, certificate: string): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === certificate) return
  writeFileSync(file, certificate, { mode: 0o644 })
}

/** Have this process trust the authority whose certificate is in such a folder, if one is there: for commands that ask the lab. */
export function trustAuthorityIn (folder: string): void {
  const file = authorityFile(folder)
  if (existsSync(file)) trust(readFileSync(file, 'utf8'))
}

function trust (authority: string): void {
  const trusted = getCACertificates('default')
  if (!trusted.some(certificate => certificate.trim() === authority.trim())) setDefaultCACertificates([...trusted, authority])
}
