import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** A script that a page loads in one request: what it imports is in it, minified, with a source map beside it. */
export interface BundledScript {
  /** the file that it is made from; it may have the name that it is served by */
  entry: string
  /** `iife` for a classic script, `esm` for a module */
  format: 'iife' | 'esm'
}

/** How long a change of the source may go unseen: a question for each request would cost more than the answers. */
const recheckMs = 1_000

/** What a newer one has replaced may be what another process answers from. */
const keepOutdatedMs = 86_400_000

// Below this there is nothing to win.
const minCompressedBytes = 400
const compressible = new Set(['.css', '.html', '.js', '.svg'])

/** Where results are kept from one start to the next; beside what Node has compiled, and as free to be deleted. */
const keptIn = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.browser-files')

/**
 * The files of a folder as browsers get them. A cache by content: what was made once from the same files is found again by their hash,
 * by any process, and in an image that can neither write nor bundle. A change of the source is seen a second later.
 */
export class BrowserFiles {
  readonly #source: string
  readonly #scripts: Record<string, BundledScript>
  #lookedAt = -Infinity
  #looking: Promise<string> | undefined
  #last: { stamp: string, folder: string } | undefined

  /**
   * @param source the folder
   * @param scripts those to be bundled, by the names that they are served by
   */
  constructor (source: string, scripts: Record<string, BundledScript>) {
    this.#source = source
    this.#scripts = scripts
  }

  /**
   * The folder that they lie in now: those of the source, bundled scripts in the place of their names, and beside what a page
   * loads its compressed forms, as `@fastify/static` looks for them (`preCompressed`).
   *
   * @throws {Error} where a script cannot be bundled, with the line to blame
   */
  async folder (): Promise<string> {
    if (this.#last && performance.now() - this.#lookedAt < recheckMs) return this.#last.folder
    // Single flight: whoever asks meanwhile waits for the same.
    this.#looking ??= this.#look().finally(() => { this.#looking = undefined })
    return await this.#looking
  }

  async #look (): Promise<string> {
    const files = await filesOf(this.#source)
    const stamp = files.map(({ name, stamp }) => `${name} ${stamp}`).join('\n')
    if (this.#last?.stamp !== stamp || !existsSync(this.#last.folder)) {
      this.#last = { stamp, folder: await make(this.#source, this.#scripts, files.map(({ name }) => name)) }
    }
    this.#lookedAt = performance.now()
    return this.#last.folder
  }
}

async function filesOf (source: string): Promise<{ name: string, stamp: string }[]> {
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const names = entries
    .filter(entry => entry.isFile() && entry.name !== 'tsconfig.json')
    .map(entry => relative(source, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort()
  return Promise.all(names.map(async name => {
    const { mtimeMs, size } = await stat(join(source, name))
    return { name, stamp: `${mtimeMs} ${size}` }
  }))
}

const making = new Map<string, Promise<string>>()

async function make (source: string, scripts: Record<string, BundledScript>, names: string[]): Promise<string> {
  const contents = await Promise.all(names.map(name => readFile(join(source, name))))
  const hash = createHash('sha256').update(await readFile(import.meta.filename)).update(JSON.stringify(scripts))
  for (const [index, name] of names.entries()) hash.update(`\0${name}\0${contents[index]!.length}\0`).update(contents[index]!)
  const result = `${basename(source)}-${hash.digest('hex').slice(0, 32)}`

  const kept = join(keptIn, result)
  if (existsSync(kept)) return kept
  // Single flight: several labs in one process want the same.
  const flight = making.get(result) ?? write(source, scripts, names, result).finally(() => making.delete(result))
  making.set(result, flight)
  return await flight
}

async function write (source: string, scripts: Record<string, BundledScript>, names: string[], result: string): Promise<string> {
  const bundled = await bundle(source, scripts)
  const parent = await writableFolder()
  const folder = await mkdtemp(join(parent, 'new-'))
  // In an image it is another user who reads it than the one who has made it.
  await chmod(folder, 0o755)
  for (const name of names) await cp(join(source, name), join(folder, name), { preserveTimestamps: true })
  for (const [name, content] of bundled) await writeFile(join(folder, name), content)
  await Promise.all([...names, ...bundled.keys()].map(async name => {
    // A module by itself is there to be read, and what pages load is the bundle.
    if (!compressible.has(extname(name)) || (extname(name) === '.js' && !bundled.has(name))) return
    await compress(join(folder, name))
  }))
  return await putInPlace(folder, join(parent, result))
}

/** Nobody finds it by its name before it is whole. Where another process was faster, its result is as good. */
async function putInPlace (folder: string, place: string): Promise<string> {
  try {
    await rename(folder, place)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    if (!existsSync(place)) throw error
  }
  await forgetOutdated(place)
  return place
}

async function forgetOutdated (place: string): Promise<void> {
  const parent = join(place, '..')
  const prefix = basename(place).replace(/[^-]+$/, '')
  for (const name of await readdir(parent)) {
    const other = join(parent, name)
    if (other === place || !(name.startsWith(prefix) || name.startsWith('new-'))) continue
    const { mtimeMs } = await stat(other)
    if (performance.timeOrigin + performance.now() - mtimeMs > keepOutdatedMs) await rm(other, { recursive: true, force: true })
  }
}

let temporary: string | undefined

/** A folder of this process alone is as good where the installation may only be read, and is made anew by each. */
async function writableFolder (): Promise<string> {
  try {
    await mkdir(keptIn, { recursive: true })
    await rm(await mkdtemp(join(keptIn, 'new-')), { recursive: true })
    return keptIn
  } catch {
    if (temporary === undefined) {
      const folder = temporary = mkdtempSync(join(tmpdir(), 'browser-files-'))
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    }
    return temporary
  }
}

async function compress (file: string): Promise<void> {
  const content = await readFile(file)
  if (content.length < minCompressedBytes) return
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }))
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }))
}

let bundling = 0

async function bundle (source: string, scripts: Record<string, BundledScript>): Promise<Map<string, Uint8Array>> {
  // Loaded where it is used: most starts find what another has made.
  const { build, stop } = await import('esbuild')
  bundling++
  try {
    const results = await Promise.all(Object.entries(scripts).map(([name, { entry, format }]) => build({
      entryPoints: { [basename(name, '.js')]: join(source, entry) },
      outdir: source,
      absWorkingDir: source,
      bundle: true,
      format,
      minify: true,
      charset: 'utf8',
      sourcemap: 'linked',
      write: false,
      logLevel: 'silent'
    })))
    return new Map(results.flatMap(({ outputFiles }) => outputFiles.map(({ path, contents }) => [basename(path), contents] as const)))
  } catch (error) {
    throw new Error(`The scripts of ${source} cannot be bundled: ${(error as Error).message}`, { cause: error })
  } finally {
    // Its process would stay for as long as this one.
    if (--bundling === 0) await stop()
  }
}
