import { existsSync, globSync, readdirSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { authorityName } from '#lib/tls/lab-certificates.ts'
import type { Authority } from './authority.ts'

/** Something that is to be done in a store of certificates, by commands that a person could type. */
export interface Task {
  store: string
  commands: string[][]
  /** why they cannot be run from here, and what is to be done about that */
  obstacle?: string | undefined
}

/** Where certificates of authorities are, for whom. */
export interface Store {
  install (authority: Authority): Task
  /** Take back every authority of the lab; nothing where there is none. */
  remove (trusted: Pick<Authority, 'name' | 'sha1'>[]): Task | undefined
}

/** What a machine is like, as far as its stores go. */
export interface Machine {
  platform: NodeJS.Platform
  home: string
  isRoot: boolean
  /** the root of the file system, for tests */
  root?: string
}

const slug = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

/**
 * The stores of a machine.
 *
 * @param browsersOnly on Linux, where browsers have stores of their own, whether only these
 */
export function storesOf (machine: Machine, browsersOnly: boolean): Store[] {
  switch (machine.platform) {
    case 'darwin': return [keychain(machine)]
    case 'win32': return [windowsStore]
    default: return [...browsersOnly ? [] : systemStores(machine), ...browserStores(machine)]
  }
}

// Debian, Ubuntu and Alpine; Fedora and its relatives; Arch; openSUSE.
const systems = [
  { folder: '/usr/local/share/ca-certificates', refresh: ['update-ca-certificates'], refreshAfterRemoval: ['update-ca-certificates', '--fresh'] },
  { folder: '/etc/pki/ca-trust/source/anchors', refresh: ['update-ca-trust'] },
  { folder: '/etc/ca-certificates/trust-source/anchors', refresh: ['update-ca-trust'] },
  { folder: '/etc/pki/trust/anchors', refresh: ['update-ca-certificates'] }
]

function systemStores ({ isRoot, root = '' }: Machine): Store[] {
  const found = systems.find(({ folder }) => existsSync(root + folder))
  if (!found) return []
  const folder = root + found.folder
  const store = 'this system: curl, git, and most programs but browsers'
  const byRoot = (commands: string[][]): Task => isRoot
    ? { store, commands }
    : { store, commands: commands.map(command => ['sudo', ...command]), obstacle: 'root may do this' }
  return [{
    install: ({ name, file }) => byRoot([['install', '-m', '644', file, join(folder, `${slug(name)}.crt`)], found.refresh]),
    remove () {
      const files = readdirSync(folder).filter(name => name.startsWith(`${slug(authorityName)}-`)).map(name => join(folder, name))
      return files.length === 0 ? undefined : byRoot([['rm', ...files], found.refreshAfterRemoval ?? found.refresh])
    }
  }]
}

/** Databases of NSS: one for Chromium and its relatives, and one for each profile of Firefox. */
function browserStores ({ home }: Machine): Store[] {
  const chromium = join(home, '.pki', 'nssdb')
  const others = ['snap/chromium/current/.pki/nssdb', '.mozilla/firefox/*', 'snap/firefox/common/.mozilla/firefox/*', '.config/mozilla/firefox/*']
    .flatMap(pattern => globSync(join(home, pattern, 'cert9.db'))).map(file => join(file, '..'))
  return [chromium, ...others].map(folder => nssDatabase(folder))
}

function nssDatabase (folder: string): Store {
  const database = ['-d', `sql:${folder}`]
  const store = folder.includes('.pki') ? `Chromium, Chrome, Edge: ${folder}` : `Firefox: ${folder}`
  const { error, stdout } = spawnSync('certutil', ['-L', ...database], { encoding: 'utf8' })
  const obstacle = error && 'there is no certutil: install libnss3-tools (Fedora: nss-tools, Arch: nss) and run this once more'
  const exists = existsSync(join(folder, 'cert9.db'))
  const inStore = (stdout ?? '').split('\n').filter(line => line.startsWith(authorityName)).map(line => line.replace(/ +[\w,]+ *$/, ''))
  const removal = (name: string) => ['certutil', '-D', ...database, '-n', name]
  return {
    install: ({ name, file }) => ({
      store,
      obstacle,
      commands: [
        ...exists ? [] : [['mkdir', '-p', folder], ['certutil', '-N', ...database, '--empty-password']],
        // One that had the name before would keep it.
        ...inStore.filter(other => other === name).map(removal),
        ['certutil', '-A', ...database, '-t', 'C,,', '-n', name, '-i', file]
      ]
    }),
    remove: () => !exists || (inStore.length === 0 && !obstacle) ? undefined : { store, obstacle, commands: inStore.map(removal) }
  }
}

const keychain = ({ home }: Machine): Store => ({
  install: ({ file }) => ({
    store: 'the login keychain: Safari, Chrome, Firefox',
    commands: [['security', 'add-trusted-cert', '-r', 'trustRoot', '-k', join(home, 'Library', 'Keychains', 'login.keychain-db'), file]]
  }),
  remove: trusted => trusted.length === 0
    ? undefined
    : { store: 'the login keychain', commands: trusted.map(({ sha1 }) => ['security', 'delete-certificate', '-t', '-Z', sha1]) }
})

const windowsStore: Store = {
  install: ({ file }) => ({ store: 'Windows, for this user', commands: [['certutil', '-user', '-addstore', 'Root', file]] }),
  remove: trusted => trusted.length === 0
    ? undefined
    : { store: 'Windows, for this user', commands: trusted.map(({ sha1 }) => ['certutil', '-user', '-delstore', 'Root', sha1]) }
}
