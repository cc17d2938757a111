// What a brand's file may say, and what is said of its mistakes.
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { load } from 'js-yaml'
import { askedFor } from '#lib/brand/brand-answers.ts'
import { readBrand, readBrandName } from '#lib/brand/brand-setting.ts'
import { contrastOf } from '#lib/brand/contrast.ts'
import { root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const brands = join(root, 'services/brands')

/** The shipped brand of tours in a folder of its own, changed. */
function changed (t: Test, change: (brand: ReturnType<typeof kayaks>) => void): string {
  const folder = temporaryFolder(t)
  cpSync(join(brands, 'kayaks'), folder, { recursive: true })
  const brand = kayaks()
  change(brand)
  writeFileSync(join(folder, 'brand.yaml'), JSON.stringify(brand))
  return join(folder, 'brand.yaml')
}
const kayaks = () => load(readFileSync(join(brands, 'kayaks/brand.yaml'), 'utf8')) as Omit<ReturnType<typeof readBrand>, 'folder' | 'images'>

t.test('a brand is named, or is a file anywhere', async t => {
  t.equal(readBrand('bank').name, 'Marram Bank')
  const file = changed(t, brand => { brand.name = 'Salt & Sons' })
  t.match(readBrand(file), { name: 'Salt & Sons', images: ['logo.svg', 'estuary.svg', 'first-light.svg', 'seal-sands.svg', 'moonrise.svg', 'hire.svg'] })
  for (const named of ['bank', file]) t.equal(readBrandName(named), readBrand(named).name)
  t.throws(() => readBrandName(changed(t, brand => { brand.name = '' })), { message: /name: must be a text/ })
  t.throws(() => readBrand('bnak'), { message: /there is no brand bnak, .*; did you mean bank\?/ })
  t.throws(() => readBrand('/nowhere/brand.yaml'), { message: /brand\.yaml has a mistake:\n {2}it cannot be read: ENOENT/ })
})

t.test('what a brand leaves out has a value, but for its accent, and without a dark scheme there is none', async t => {
  const brand = readBrand(changed(t, brand => {
    Object.assign(brand, { colours: { light: { accent: '#0e5a5c' } } })
    for (const name of ['steps', 'services', 'lists', 'forms', 'agent', 'chat'] as const) delete (brand as Partial<typeof brand>)[name]
    brand.contact.ask = []
  }))
  t.match(brand, { agent: { name: 'Robin' }, chat: { title: 'Chat with us' }, colours: { light: { accent: '#0e5a5c', paper: /^#/ } } })
  t.equal(brand.colours.dark, undefined)
})

const mistakes: Record<string, [(brand: ReturnType<typeof kayaks>) => void, string]> = {
  'a field that is none': [
    brand => Object.assign(brand.hero, { headnig: 'x' }), 'hero.headnig: there is no such name; did you mean heading?'],
  'a field that is missing': [
    brand => { delete (brand.offers.items[2] as Partial<typeof brand.offers.items[0]>).price }, 'offers.items, entry 3 (moonrise), price: is missing'],
  'a colour by its name': [
    brand => { brand.colours.light.accent = 'teal' }, 'colours.light.accent: must be a colour as #0e5a5c'],
  'a colour that brings more than a colour': [
    brand => { brand.colours.light.accent = '#fff;} body{display:none' }, 'colours.light.accent: must be a colour as #0e5a5c'],
  'a colour that nobody reads': [
    brand => { brand.colours.light.inkSoft = '#a0b0a8' },
    'colours.light.inkSoft: #a0b0a8 on the paper #fbf7ef has a contrast of 2.1, where people read from 4.5 on'],
  'a picture from elsewhere': [
    brand => { brand.logo = 'https://evil.example/logo.svg' }, 'logo: must be the name of an .svg, .png, .jpg, .webp or .avif file that lies beside this one'],
  'a picture of another folder': [
    brand => { brand.logo = '../lab.env' }, 'logo: must be the name of an .svg, .png, .jpg, .webp or .avif file that lies beside this one'],
  'a picture that is not there': [
    brand => { brand.offers.items[0]!.image = 'frist-light.svg' },
    'offers.items, entry 1 (first-light), image: there is no frist-light.svg beside this file; did you mean first-light.svg?'],
  'an id twice': [
    brand => { brand.facts.items[1]!.id = 'moonrise' }, 'facts.items, entry 2 (moonrise), id: is there twice, in offers.items too'],
  'an id that the script has itself': [
    brand => { brand.facts.items[1]!.id = 'who-am-i' }, 'facts.items, entry 2 (who-am-i), id: is one that the script has itself'],
  'an option that is no offer': [
    brand => { brand.lists[0]!.sections[0]!.options[0] = 'first-lihgt' },
    'lists (interests), options: there is no offer first-lihgt; did you mean first-light?'],
  'a question of the page that nobody answers': [
    brand => { brand.contact.ask.push('Do you sell ice cream?') },
    'contact.ask: Robin has no answer to “Do you sell ice cream?”; add a word of it to what is `asked` of one'],
  'a placeholder that there is not': [
    brand => { brand.services!.items[0]!.signedIn = '{nmae}, it is on Saturday.' },
    'services.items, entry 1 (my-booking), signedIn: has {nmae}, where there is {name} alone']
}
for (const [what, [change, message]] of Object.entries(mistakes)) {
  t.test(`says what to write instead of ${what}`, async t => {
    const file = changed(t, change)
    try {
      readBrand(file)
      t.fail('it was taken')
    } catch (error) {
      const [heading, ...lines] = (error as Error).message.split('\n').map(line => line.trim())
      t.match(heading, /^brand\.yaml has (a mistake|\d mistakes):$/)
      t.ok(lines.includes(message), lines.join('\n'))
    }
  })
}

t.test('a picture of more than a megabyte is refused', async t => {
  const file = changed(t, () => {})
  writeFileSync(join(file, '..', 'logo.svg'), ' '.repeat(1024 * 1024 + 1))
  t.throws(() => readBrand(file), { message: /logo: logo\.svg has more than 1 MiB/ })
})

t.test('what is asked for is what has the longest of its phrases in the words, whatever stands between', async t => {
  const asked = (name: string, said: string) => {
    const found = askedFor(readBrand(name), said)
    return found?.kind === 'topic' ? found.topic.id : found?.kind === 'offer' ? found.offer.id : found?.kind === 'prompt' ? found.prompt.id : found?.kind
  }
  const cases: [string, string, string | undefined][] = [
    ['kayaks', 'May I bring my DOG?', 'dogs'],
    ['kayaks', 'hotdogs', undefined],
    ['kayaks', 'What does Seal  Sands cost?', 'seal-sands'],
    ['kayaks', 'What do tours cost?', 'offers'],
    ['kayaks', 'my-booking!', 'my-booking'],
    ['kayaks', '', undefined],
    ['bank', 'what’s my balance', 'balance'],
    ['bank', 'please block my card', 'block-card'],
    ['bank', 'I would like a credit card', 'card']
  ]
  for (const [name, said, expected] of cases) t.equal(asked(name, said), expected, said)
})

t.test('contrast is that of WCAG', async t => {
  t.equal(contrastOf('#000000', '#ffffff'), 21)
  t.equal(contrastOf('#777777', '#777777'), 1)
  t.equal(contrastOf('#ffffff', '#767676').toFixed(2), '4.54')
})
