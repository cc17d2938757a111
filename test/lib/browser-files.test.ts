import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { BrowserFiles } from '#lib/server/browser-files.ts'
import { until } from '../helpers/until.ts'

const words = 'whatever makes a script long enough to be compressed, '.repeat(20)

function siteOf (t: Test) {
  // Its name is part of what is kept for it, and nobody else is to find that.
  const source = join(t.testdir({
    [t.name.replaceAll(/\W/g, '-')]: {
      'main.js': "import { word } from './parts/word.js'\nglobalThis.said = word\n",
      parts: { 'word.js': `/** Says it. */\nexport const word = ${JSON.stringify(words)} + ${performance.now()}\n` },
      'page.css': `a { color: red } /* ${words} */`,
      'tsconfig.json': '{}'
    }
  }), t.name.replaceAll(/\W/g, '-'))
  const files = new BrowserFiles(source, { 'all.min.js': { entry: 'main.js', format: 'iife' } })
  const read = async (name: string) => readFileSync(join(await files.folder(), name))
  return { source, files, read }
}

t.test('a script comes with all that it imports, minified, with a map for people to read', async t => {
  const { read, files } = siteOf(t)
  const script = String(await read('all.min.js'))
  t.match(script, words)
  t.notMatch(script, /import|export|Says it/)
  t.match(script, '//# sourceMappingURL=all.min.js.map')
  const map = JSON.parse(String(await read('all.min.js.map')))
  t.strictSame(map.sources, ['parts/word.js', 'main.js'], 'where they are served as well')
  t.match(map.sourcesContent[0], 'Says it')
  t.match(String(await read('parts/word.js')), 'Says it', 'the modules themselves stay')
  t.notOk(existsSync(join(await files.folder(), 'tsconfig.json')))
})

t.test('what a page loads is there in compressed form as well', async t => {
  const { read } = siteOf(t)
  for (const name of ['all.min.js', 'page.css']) {
    const content = await read(name)
    t.strictSame(gunzipSync(await read(`${name}.gz`)), content, name)
    t.strictSame(brotliDecompressSync(await read(`${name}.br`)), content, name)
  }
})

t.test('what was made once is found again, and a change is seen soon', async t => {
  const { source, files, read } = siteOf(t)
  const [folder, same] = await Promise.all([files.folder(), files.folder()])
  t.equal(same, folder)
  t.equal(statSync(folder).mode & 0o005, 0o005, 'other users can read it, as those of an image')
  t.equal(await new BrowserFiles(source, { 'all.min.js': { entry: 'main.js', format: 'iife' } }).folder(), folder)
  t.not(await new BrowserFiles(source, { 'all.min.js': { entry: 'main.js', format: 'esm' } }).folder(), folder)

  writeFileSync(join(source, 'parts', 'word.js'), "export const word = 'changed'\n")
  await until('it is seen', async () => String(await read('all.min.js')).includes('changed'))
  t.not(await files.folder(), folder)
})

t.test('a mistake in a module is said with its place, and over once it is mended', async t => {
  const { source, files, read } = siteOf(t)
  writeFileSync(join(source, 'parts', 'word.js'), 'export const word = = 1\n')
  await t.rejects(files.folder(), { message: /cannot be bundled[^]*parts\/word\.js:1:20: ERROR/ })
  writeFileSync(join(source, 'parts', 'word.js'), "export const word = 'mended'\n")
  t.match(String(await read('all.min.js')), 'mended')
})
