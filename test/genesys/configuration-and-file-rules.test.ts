// Settings, the file of deployments and what pages get to see of it, and which files a deployment takes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { checkContent } from '../../services/genesys/attachments/content-check.ts'
import {
  checkFileName, checkFileSize, checkFileType, isShownInline, limitOf, maxFileBytes, md5Of, mediaTypeOf
} from '../../services/genesys/attachments/file-rules.ts'
import { loadGenesysConfig } from '../../services/genesys/config.ts'
import { readDeployments, type Deployment } from '../../services/genesys/deployments/deployments-file.ts'
import { allowsOrigin } from '../../services/genesys/deployments/lookup.ts'
import { GuestError } from '../../services/genesys/protocol/guest-errors.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { gif, png } from './attachment-helper.ts'
import { buildApp, configWith, deploymentId, env } from './helper.ts'

const { app } = await buildApp(t, { url: 'https://genesys.example' })
const base = '/webdeployments/v1/deployments'

t.test('takes its addresses and its client from the settings', async t => {
  const config = loadGenesysConfig({ ...env, GENESYS_PORT: '4002', IDP_PORT: '4001', APP_URL: 'https://brand.example/shop/' })
  t.equal(config.url, 'http://genesys.localhost:4002')
  t.equal(config.port, 4002)
  t.equal(config.issuer, 'http://idp.localhost:4001')
  t.equal(config.agentDelayMs, 600)
  t.equal(config.deployments[0]?.id, deploymentId)
  t.same(config.deployments[0]?.allowedDomains, ['brand.example'])
})

t.test('names every setting that is wrong in one message', async t => {
  const wrong = { GENESYS_CLIENT_SECRET: 'short', AGENT: 'nobody', GENESYS_RATE_LIMITS: 'maybe', AGENT_DELAY_MS: '-1' }
  t.throws(() => loadGenesysConfig(wrong), { name: 'SettingsError', message: /GENESYS_CLIENT_ID: is missing/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /GENESYS_CLIENT_SECRET: is malformed/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /AGENT: is malformed; it must be script or desk/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /GENESYS_RATE_LIMITS: is malformed; it must be on or off/ })
  t.throws(() => loadGenesysConfig(wrong), { message: /AGENT_DELAY_MS: is malformed/ })
})

t.test('takes deployments from a file of one\'s own', t => {
  const file = join(temporaryFolder(t), 'deployments.yaml')
  const [first] = loadGenesysConfig(env).deployments
  writeFileSync(file, JSON.stringify([{ ...first, id: '00000000-0000-4000-8000-000000000001' }]))
  t.same(loadGenesysConfig({ ...env, DEPLOYMENTS_FILE: file }).deployments.map(({ id }) => id), ['00000000-0000-4000-8000-000000000001'])
  t.end()
})

t.test('says at the start that there is no deployment that the page names, and which there are', async t => {
  const said = async (namedDeployment: string | undefined) => {
    const lines: string[] = []
    const log = { level: 'warn', format: 'json', destination: { write: (line: string) => { lines.push(line) } } } as const
    const { app } = await buildApp(t, { namedDeployment, log })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return lines.join('')
  }
  const unknown = '00000000-0000-4000-8000-000000000000'
  t.match(await said(unknown), new RegExp(`no active deployment ${unknown}, which GENESYS_DEPLOYMENT_ID names.*${deploymentId}`))
  t.equal(await said(deploymentId) + await said(deploymentId.toUpperCase()) + await said(undefined), '')
})

t.test('names the entry and the field of a mistake in deployments.yaml', async t => {
  const good = {
    id: deploymentId,
    version: '1',
    status: 'Active',
    languages: ['en-us'],
    defaultLanguage: 'en-us',
    auth: { enabled: true },
    messenger: {
      enabled: true,
      apps: {
        conversations: {
          autoStart: { enabled: true },
          conversationClear: { enabled: true },
          conversationDisconnect: { enabled: true, type: 'ReadOnly' }
        }
      },
      styles: { primaryColor: '#123456' },
      launcherButton: { visibility: 'On' }
    },
    journeyEvents: { enabled: false }
  }
  const file = join(temporaryFolder(t), 'deployments.yaml')
  const read = (...entries: object[]) => {
    writeFileSync(file, JSON.stringify(entries))
    return readDeployments({}, file)
  }
  t.match(read(good), [{ allowAllDomains: false, allowedDomains: [], auth: { allowSessionUpgrade: false } }])
  const withMessenger = (changes: object) => ({ ...good, messenger: { ...good.messenger, ...changes } })
  const withMode = (changes: object) =>
    withMessenger({ fileUpload: { modes: [{ fileTypes: ['image/png'], maxFileSizeKB: 10, ...changes }] } })

  const mistakes: [string, object[], RegExp][] = [
    ['an unknown status', [{ ...good, status: 'active' }], /^deployments\.yaml has a mistake:\n.*entry 1 \(5a1b7c3e.*field status: must be one of Active, Inactive; did you mean Active\?$/],
    ['a field left out', [{ ...good, auth: {} }], /field auth\.enabled: is missing/],
    ['a misspelt field', [{ ...good, allowedDomain: [] }], /field allowedDomain: there is no such name; did you mean allowedDomains/],
    ['an id that is no UUID', [{ ...good, id: 'mine' }], /field id: must be a UUID/],
    ['the same id twice', [good, good], /entry 2 .*field id: is there twice/],
    ['the same id in capitals', [good, { ...good, id: good.id.toUpperCase() }], /entry 2 .*field id: is there twice/],
    ['a colour by its name', [withMessenger({ styles: { primaryColor: 'teal' } })], /primaryColor: must be a colour as #1d4e56/],
    ['a file type by its extension', [withMode({ fileTypes: ['image/*', '.png'] })],
      /fileTypes\.1: must be a media type as image\/png, or several as image\/\*/],
    ['no file type', [withMode({ fileTypes: [] })], /fileTypes: must have at least 1 entry/],
    ['a size below nothing', [withMode({ maxFileSizeKB: -1 })], /maxFileSizeKB: must be at least 1/],
    ['a language that is none of its own', [{ ...good, defaultLanguage: 'de' }], /defaultLanguage: must be en-us/],
    ['step-up where nobody can sign in', [{ ...good, auth: { enabled: false, allowSessionUpgrade: true } }],
      /auth\.allowSessionUpgrade: needs auth\.enabled, which is false/],
    ['a setting that there is not', [{ ...good, id: '${NOWHERE}' }], /refers to the setting NOWHERE/]
  ]
  for (const [label, entries, message] of mistakes) {
    t.throws(() => read(...entries), { name: 'DataFileError', message }, label)
  }

  const domains: [string, string][] = [
    ['http://app.localhost:3000', 'write app.localhost'],
    ['app.localhost:3000', 'write app.localhost'],
    ['brand.example/shop', 'write brand.example'],
    ['*.brand.example', 'write brand.example, which stands for all hosts below it too'],
    ['.brand.example', 'write brand.example'],
    ['brand.example.', 'write brand.example'],
    [' brand.example ', 'write brand.example'],
    ['*', 'write allowAllDomains: true instead, for pages of all hosts'],
    ['a b', 'write one as www.example.com'],
    ['', 'write one as www.example.com'],
    ['::1', 'write [::1]']
  ]
  for (const [domain, advice] of domains) {
    const message = `deployments.yaml has a mistake:\n  entry 1 (${deploymentId}), field allowedDomains.1: ` +
      `"${domain}" is not a host name alone: ${advice}`
    t.throws(() => read({ ...good, allowedDomains: ['app.localhost', domain] }), { message }, domain)
  }
  const [named] = read({ ...good, id: good.id.toUpperCase(), allowedDomains: ['BRAND.example', 'Bücher.Example', '[::1]', '192.168.1.5'] })
  t.match(named, { id: deploymentId, allowedDomains: ['brand.example', 'xn--bcher-kva.example', '[::1]', '192.168.1.5'] },
    'as browsers name hosts')
})

t.test('serves the configuration of a deployment to pages of any origin', async t => {
  const response = await app.inject({ url: `${base}/${deploymentId}/config.json`, headers: { origin: 'https://anywhere.example' } })
  t.equal(response.statusCode, 200)
  t.equal(response.headers['access-control-allow-origin'], '*')
  t.equal(response.headers['access-control-allow-credentials'], undefined)
  const body = response.json()
  t.match(body, {
    id: deploymentId,
    status: 'Active',
    apiEndpoint: 'https://genesys.example',
    auth: { enabled: true, allowSessionUpgrade: false },
    messenger: { enabled: true, apps: { conversations: { messagingEndpoint: 'wss://genesys.example' } }, fileUpload: { modes: [{ fileTypes: ['image/png'], maxFileSizeKB: 10_240 }] } },
    journeyEvents: { enabled: true }
  })
  t.notOk('allowedDomains' in body, 'whom it is for is in domains.json')
  t.same(body.auth, { enabled: true, allowSessionUpgrade: false }, 'and how Genesys is connected to the identity provider is nobody\'s business')
  t.notOk('sessionDurationSeconds' in body)
})

t.test('serves the domains of a deployment, in whichever case its id is written', async t => {
  const response = await app.inject(`${base}/${deploymentId.toUpperCase()}/domains.json`)
  t.same(response.json(), { allowAllDomains: false, allowedDomains: ['app.localhost'] })
})

t.test('refuses an unknown deployment as Genesys\' file server does', async t => {
  for (const file of ['config.json', 'domains.json']) {
    const response = await app.inject(`${base}/00000000-0000-4000-8000-000000000000/${file}`)
    t.equal(response.statusCode, 403, file)
    t.match(response.json(), { status: 403, code: 'forbidden', contextId: /^[0-9a-f-]{36}$/, details: [], errors: [] })
  }
})

t.test('lets a page in by its host', async t => {
  const [deployment] = configWith(temporaryFolder(t)).deployments as [Deployment]
  const listed = { ...deployment, allowedDomains: ['brand.example', 'xn--bcher-kva.example'] }
  const cases: [string | undefined, boolean][] = [
    ['https://brand.example', true],
    ['http://brand.example:8080', true],
    ['https://BRAND.example', true],
    ['https://bücher.example', true],
    ['https://shop.brand.example', true],
    ['brand.example', true],
    ['brand.example:8080', true],
    ['https://xn--bcher-kva.example', true],
    ['https://otherbrand.example', false],
    ['https://brand.example.evil.test', false],
    ['https://evil.test/?brand.example', false],
    ['null', false],
    ['http://', false],
    ['', false],
    [undefined, false]
  ]
  for (const [origin, allowed] of cases) t.equal(allowsOrigin(listed, origin), allowed, `Origin: ${origin}`)
  t.ok(allowsOrigin({ ...listed, allowAllDomains: true }, undefined), 'any, where all domains are allowed')
})

t.test('serves the bootstrap script so that a page of another origin can load it', async t => {
  const response = await app.inject('/genesys-bootstrap/genesys.min.js')
  t.equal(response.statusCode, 200)
  t.match(response.headers, {
    'content-type': /^(text|application)\/javascript/,
    'cache-control': 'no-cache',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin'
  })
  t.notMatch(response.body, /\bimport\b/, 'all of it, in one classic script')
  t.equal((await app.inject('/genesys-bootstrap/genesys.min.js.map')).statusCode, 200)
  t.match((await app.inject('/genesys-bootstrap/platform/plugin-bus.js')).body, 'export class PluginBus', 'to be read')
  for (const path of ['tsconfig.json', 'none.js', '', '..%2fapp.ts', 'plugins']) {
    t.ok([403, 404].includes((await app.inject(`/genesys-bootstrap/${path}`)).statusCode), path)
  }
})

t.test('the bootstrap script comes compressed, and not again while it is the same', async t => {
  for (const [accepted, encoding, decode] of [
    ['gzip, deflate, br', 'br', brotliDecompressSync], ['gzip', 'gzip', gunzipSync], ['identity', undefined, (body: Buffer) => body]
  ] as const) {
    const ask = (headers = {}) => app.inject({ url: '/genesys-bootstrap/genesys.min.js', headers: { 'accept-encoding': accepted, ...headers } })
    const response = await ask()
    t.equal(response.headers['content-encoding'], encoding)
    t.match(response.headers, { vary: /accept-encoding/i, etag: /./, 'content-type': /javascript/ })
    t.match(String(decode(response.rawPayload)), 'sourceMappingURL')
    const again = await ask({ 'if-none-match': response.headers.etag })
    t.equal(again.statusCode, 304)
    t.equal(again.body, '')
  }
})

/** The code of the guest error that a rule throws, or nothing. */
async function codeOf (rule: () => unknown): Promise<number | undefined> {
  try {
    await rule()
  } catch (error) {
    if (error instanceof GuestError) return error.code
    throw error
  }
  return undefined
}

t.test('takes a plain file name, and no other', async t => {
  const cases: [string, string, number | undefined][] = [
    ['letters and digits', 'photo-1 (2).png', undefined],
    ['no extension', 'README', undefined],
    ['several dots', 'archive.2026.tar.gz', undefined],
    ['another script', 'ملف.pdf', undefined],
    ['emoji, joined and flagged', '👩‍💻🏴󠁧󠁢󠁥󠁮󠁧󠁿.png', undefined],
    ['255 bytes', `${'é'.repeat(125)}a.png`, undefined],
    ['nothing', '', 4004],
    ['a dot', '.', 4004],
    ['two dots', '..', 4004],
    ['a hidden file', '.htaccess', 4004],
    ['a dot at the end', 'photo.png.', 4004],
    ['a space at the end', 'photo.png ', 4004],
    ['a space at the start', ' photo.png', 4004],
    ['a way up', '../../etc/passwd', 4004],
    ['a way up on Windows', '..\\x', 4004],
    ['a folder', 'a/b', 4004],
    ['an absolute path', '/etc/passwd', 4004],
    ['a drive', 'C:photo.png', 4004],
    ['a wildcard', '*.png', 4004],
    ['NUL', 'photo.png\0.exe', 4004],
    ['a line break', 'a\nb.png', 4004],
    ['a line separator', 'a\u2028b.png', 4004],
    ['a right-to-left override', 'photo\u202Egnp.txt', 4004],
    ['a right-to-left isolate', 'photo\u2067gnp.txt', 4004],
    ['half a character', 'a\ud83d.png', 4004],
    ['a device', 'CON', 4004],
    ['a device with an extension', 'nul.txt', 4004],
    ['no device', 'console.txt', undefined],
    ['300 characters', `${'a'.repeat(296)}.png`, 4005],
    ['256 bytes', `${'é'.repeat(126)}.png`, 4005]
  ]
  for (const [label, name, expected] of cases) t.equal(await codeOf(() => checkFileName(name)), expected, label)
})

t.test('takes a media type, and no extension that a system may run', async t => {
  const cases: [string, string, string, number | undefined][] = [
    ['a type', 'a.png', 'image/png', undefined],
    ['an extension that says something else', 'a.dat', 'image/png', undefined],
    ['a vendor\'s type', 'a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', undefined],
    ['no type', 'a.png', '', 4001],
    ['half a type', 'a.png', 'image', 4001],
    ['a parameter', 'a.txt', 'text/plain; charset=utf-8', 4001],
    ['a wildcard', 'a.png', 'image/*', 4001],
    ['a header of its own', 'a.png', 'image/png\r\nx: y', 4001],
    ['a program', 'a.exe', 'image/png', 4001],
    ['a program in capitals', 'A.EXE', 'image/png', 4001],
    ['a page', 'a.html', 'text/plain', 4001],
    ['SVG', 'a.svg', 'image/png', 4001]
  ]
  for (const [label, name, type, expected] of cases) t.equal(await codeOf(() => checkFileType(name, type)), expected, label)
})

t.test('takes the types of a deployment\'s modes, each up to its limit', async t => {
  const [deployment] = configWith(temporaryFolder(t)).deployments
  const withModes = (...modes: Deployment['messenger']['fileUpload']['modes']): Deployment =>
    ({ ...deployment!, messenger: { ...deployment!.messenger, fileUpload: { modes } } })
  const images = { fileTypes: ['image/*'], maxFileSizeKB: 10 }
  const cases: [string, Deployment, string, number | undefined, number?][] = [
    ['a listed type', withModes({ fileTypes: ['image/png'], maxFileSizeKB: 2 }), 'image/png', undefined, 2048],
    ['a type that is not listed', withModes({ fileTypes: ['image/png'], maxFileSizeKB: 2 }), 'image/gif', 4001],
    ['a longer type', withModes({ fileTypes: ['image/png'], maxFileSizeKB: 2 }), 'image/png2', 4001],
    ['an image', withModes(images), 'image/webp', undefined, 10_240],
    ['no image', withModes(images), 'imagery/png', 4001],
    ['anything', withModes({ fileTypes: ['*/*'], maxFileSizeKB: 1 }), 'application/pdf', undefined, 1024],
    ['the most generous mode', withModes(images, { fileTypes: ['*/*'], maxFileSizeKB: 1 }), 'image/png', undefined, 10_240],
    ['a mode above 10 MB', withModes({ fileTypes: ['*/*'], maxFileSizeKB: 1_000_000 }), 'image/png', undefined, maxFileBytes],
    ['a type written in capitals in the deployment', withModes({ fileTypes: ['Image/PNG'], maxFileSizeKB: 1 }), 'image/png', undefined, 1024]
  ]
  for (const [label, deployment, type, expected, limit] of cases) {
    t.equal(await codeOf(() => t.equal(limitOf(deployment, type), limit, `${label}: limit`)), expected, label)
  }
})

t.test('takes a size from one byte to the limit', async t => {
  const cases: [number | undefined, number | undefined][] = [
    [undefined, undefined], [1, undefined], [1000, undefined],
    [0, 4102], [1001, 4002], [-1, 4002], [1.5, 4002], [NaN, 4002], [Infinity, 4002], [2 ** 60, 4002]
  ]
  for (const [size, expected] of cases) t.equal(await codeOf(() => checkFileSize(size, 1000)), expected, String(size))
})

t.test('takes an MD5 digest in hexadecimal or Base64', async t => {
  const hex = 'd41d8cd98f00b204e9800998ecf8427e'
  t.equal(md5Of(hex), hex)
  t.equal(md5Of(hex.toUpperCase()), hex)
  t.equal(md5Of('1B2M2Y8AsgTpgAmY7PhCfg=='), hex)
  for (const wrong of ['', 'x', hex.slice(1), `${hex}0`, '1B2M2Y8AsgTpgAmY7PhCfg', `../${hex}`]) {
    t.equal(await codeOf(() => md5Of(wrong)), 400, wrong)
  }
})

t.test('knows what a message shows a file as, and what a browser may show as a page', async t => {
  const cases: [string, string, boolean][] = [
    ['image/png', 'Image', true], ['image/svg+xml', 'Image', false], ['video/mp4', 'Video', true], ['audio/mpeg', 'Audio', true],
    ['application/pdf', 'File', false], ['text/html', 'File', false], ['text/plain', 'File', false]
  ]
  for (const [type, expected, inline] of cases) {
    t.equal(mediaTypeOf(type), expected, type)
    t.equal(isShownInline(type), inline, `${type} inline`)
  }
})

t.test('takes content that is what its type says', async t => {
  const folder = temporaryFolder(t)
  const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)])
  const cases: [string, string, Buffer[], number | undefined][] = [
    ['PNG', 'image/png', [png], undefined],
    ['GIF', 'image/gif', [gif], undefined],
    ['a GIF that is said to be a PNG', 'image/png', [gif], 4003],
    ['a program that is said to be a PNG', 'image/png', [program], 4003],
    ['a page that is said to be a JPEG', 'image/jpeg', [Buffer.from('<script>alert(1)</script>')], 4003],
    ['an image of a type that nobody knows', 'image/x-unheard-of', [png], 4003],
    ['another name of JPEG', 'image/jpg', [Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')], undefined],
    ['PDF', 'application/pdf', [Buffer.from('%PDF-1.7\n%%EOF')], undefined],
    ['text that is said to be a PDF', 'application/pdf', [Buffer.from('PDF')], 4003],
    ['Word of old', 'application/msword', [Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)])], undefined],
    ['bytes of no type', 'application/octet-stream', [program], undefined],
    ['text', 'text/plain', [Buffer.from('Grüße')], undefined],
    ['text that begins like an image', 'text/plain', [Buffer.from('BM is a car')], undefined],
    ['a character in two parts', 'text/plain', [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)], undefined],
    ['half a character at the end', 'text/plain', [Buffer.from('é').subarray(0, 1)], 4003],
    ['text in Latin-1', 'text/csv', [Buffer.from('Grüße', 'latin1')], 4003],
    ['text with NUL', 'text/plain', [Buffer.from('a\0b')], 4003],
    ['JSON', 'application/json', [Buffer.from('{}')], undefined],
    ['JSON with NUL', 'application/json', [Buffer.from('{}\0')], 4003],
    ['SVG', 'image/svg+xml', [Buffer.from('<svg/>')], undefined]
  ]
  for (const [index, [label, type, parts, expected]] of cases.entries()) {
    const path = join(folder, String(index))
    writeFileSync(path, Buffer.concat(parts))
    t.equal(await codeOf(async () => {
      const check = checkContent(type)
      for (const part of parts) check.pass(part)
      await check.end(path)
    }), expected, label)
  }
})
