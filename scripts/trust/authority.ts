import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '#lib/settings/command-line.ts'
import { openStateFolder } from '#lib/store/state-folder.ts'
import { authorityFile, authorityName } from '#lib/tls/lab-certificates.ts'

/** An authority of the lab's certificates, as it is to be trusted. */
export interface Authority {
  /** whose it is, for people */
  of: string
  /** its common name, by which stores know it */
  name: string
  /** file of its certificate in PEM, absolute */
  file: string
  /** SHA-1 of the certificate in hexadecimal, by which macOS and Windows know it */
  sha1: string
  validTo: Date
}

const composeFiles = ['-f', 'compose.yaml', '-f', join('services', 'tls.yaml')]
const rootInContainer = '/authority/root.crt'

/**
 * The authorities that there are: that of `npm start TLS=on`, and that of Caddy in Compose.
 *
 * @param stateFolder where the lab without Docker keeps its state; the certificate of the other is copied there
 * @param file a certificate in PEM in place of both
 * @throws {UsageError} where there is none yet, or the file has none
 */
export function authorities (stateFolder: string, file: string | undefined): Authority[] {
  if (file !== undefined) return [describe(file, 'this file')]
  const folder = join(stateFolder, 'tls')
  const ofStart = authorityFile(folder)
  const ofCompose = copyFromCompose(folder)
  const found = [
    ...existsSync(ofStart) ? [describe(ofStart, 'npm start TLS=on')] : [],
    ...ofCompose === undefined ? [] : [describe(ofCompose, 'Compose')]
  ]
  if (found.length > 0) return found
  throw new UsageError(`There is no certificate yet: it is made at the first start. Start the lab by \`npm start TLS=on\`, or by \`docker compose ${composeFiles.join(' ')} up\`, ` +
    'with the same STATE_DIR and COMPOSE_PROJECT_NAME as here, and run this once more.')
}

function describe (file: string, of: string): Authority {
  try {
    const { subject, fingerprint, validToDate } = new X509Certificate(readFileSync(file))
    const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? ''
    if (!name.startsWith(authorityName)) throw new Error(`its name is ${name || 'none'}, and those of the lab begin with ${authorityName}`)
    return { of, name, file: resolve(file), sha1: fingerprint.replaceAll(':', ''), validTo: validToDate }
  } catch (error) {
    throw new UsageError(`${file} is not the certificate of an authority of the lab: ${(error as Error).message}`)
  }
}

/** Containers need not run for that. Where there are none, or no Docker, it says so by an exit code. */
function copyFromCompose (folder: string): string | undefined {
  const scratch = mkdtempSync(join(tmpdir(), 'lab-trust-'))
  try {
    const copy = join(scratch, 'root.crt')
    const { status } = spawnSync('docker', ['compose', ...composeFiles, 'cp', `caddy:${rootInContainer}`, copy], { stdio: 'ignore' })
    if (status !== 0) return undefined
    const file = join(openStateFolder(folder), 'compose-authority.pem')
    copyFileSync(copy, file)
    return file
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** What was trusted is kept, so that it can be taken back when the lab has others, or none. */
export class Trusted {
  readonly #file: string

  constructor (stateFolder: string) {
    this.#file = join(stateFolder, 'tls', 'trusted.json')
  }

  get all (): Pick<Authority, 'name' | 'sha1'>[] {
    return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) as Pick<Authority, 'name' | 'sha1'>[] : []
  }

  add ({ name, sha1 }: Authority): void {
    openStateFolder(dirname(this.#file))
    writeFileSync(this.#file, JSON.stringify([...this.all.filter(other => other.sha1 !== sha1), { name, sha1 }], null, 2))
  }

  forget (): void {
    rmSync(this.#file, { force: true })
  }
}
