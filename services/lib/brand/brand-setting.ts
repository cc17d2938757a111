import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { idOfOffers, unansweredBy } from './brand-answers.ts'
import { brandSchema, label, type BrandFile } from './brand-schema.ts'
import { contrastOf } from './contrast.ts'
import { DataFileError, readDataDocument } from '../settings/data-file.ts'
import { adviceOn } from '../validation/likely-names.ts'
import { Type } from '../validation/schema.ts'
import { words } from '../validation/words.ts'

const shipped = join(import.meta.dirname, '..', '..', 'brands')
const maxImageBytes = 1024 * 1024
/** Text of a normal size on its ground: https://www.w3.org/TR/WCAG22/#contrast-minimum */
const minContrast = 4.5

/** A brand, and where its pictures lie. */
export interface Brand extends BrandFile {
  /** what `brandSetting` holds for it */
  named: string
  /** the folder of its file */
  folder: string
  /** names of the files in it that pages may show */
  images: string[]
}

/** Which brand a setting asks for, in its own words. */
export const brandSetting = Type.String({
  default: 'kayaks', minLength: 1, description: 'the name of a brand that is shipped, or the path of a brand\'s file'
})

/**
 * Read a brand.
 *
 * @param named what `brandSetting` holds: a name, or a path, which has a slash or ends in .yaml
 * @throws {DataFileError} naming the file, the place and what is wrong
 */
export function readBrand (named: string): Brand {
  const file = fileOf(named)
  const folder = dirname(file)
  const brand = readDataDocument(file, { schema: brandSchema, check: brand => mistakesIn(brand, folder) })
  return { ...brand, named, folder, images: imagesOf(brand).map(([, name]) => name) }
}

/**
 * What a brand is called, for who shows nothing else of it: to compile the whole schema would take an eighth of a start.
 * Those who show the rest check it.
 *
 * @param named as for `readBrand`
 * @throws {DataFileError} where there is no such file, or no name in it
 */
export function readBrandName (named: string): string {
  return readDataDocument(fileOf(named), { schema: Type.Object({ name: label }), check: () => [] }).name
}

/** The names of the brands that are shipped. */
export const shippedBrands = (): string[] => readdirSync(shipped).sort()

function fileOf (named: string): string {
  if (/[\\/]|\.ya?ml$/.test(named)) return named
  const file = join(shipped, named, 'brand.yaml')
  if (existsSync(file)) return file
  throw new DataFileError('BRAND', [`there is no brand ${named}, and a file of your own is named by its path${adviceOn(named, shippedBrands())}`])
}

function mistakesIn (brand: BrandFile, folder: string): string[] {
  return [...namesTwice(brand), ...strangers(brand), ...missingImages(brand, folder), ...faintColours(brand), ...placeholders(brand), ...unanswered(brand)]
}

/** What a guest can choose by its id. */
const topicsIn = ({ offers, steps, services, facts, lists, forms }: BrandFile): [place: string, { id: string }[]][] => [
  ['offers.items', offers.items], ['steps.items', steps?.items ?? []], ['services.items', services?.items ?? []],
  ['facts.items', facts.items], ['lists', lists], ['forms', forms]
]

function namesTwice (brand: BrandFile): string[] {
  const seen = new Map<string, string>()
  const mistakes: string[] = []
  for (const [place, items] of topicsIn(brand)) {
    for (const [index, { id }] of items.entries()) {
      if (id === 'who-am-i' || id === idOfOffers) mistakes.push(`${place}, entry ${index + 1} (${id}), id: is one that the script has itself`)
      const other = seen.get(id)
      if (other !== undefined) mistakes.push(`${place}, entry ${index + 1} (${id}), id: ${words.twice}, in ${other} too`)
      seen.set(id, place)
    }
  }
  return mistakes
}

function strangers ({ offers, lists, forms }: BrandFile): string[] {
  const known = offers.items.map(({ id }) => id)
  const lines: [string, (string | object)[]][] = [
    ...lists.flatMap(({ id, sections }) => sections.map(({ options }): [string, typeof options] => [`lists (${id})`, options])),
    ...forms.flatMap(({ id, pages }) => pages.flatMap(({ fields }) => fields.map(
      (field): [string, (string | object)[]] => [`forms (${id}), ${field.id}`, 'options' in field ? field.options : []])))
  ]
  return lines.flatMap(([place, options]) => options
    .filter((option): option is string => typeof option === 'string' && !known.includes(option))
    .map(option => `${place}, options: ${words.noSuch('offer', option, known)}`))
}

const imagesOf = ({ logo, hero, offers }: BrandFile): [place: string, name: string][] => [
  ['logo', logo], ['hero.image.file', hero.image.file],
  ...offers.items.map(({ id, image }, index): [string, string] => [`offers.items, entry ${index + 1} (${id}), image`, image])
]

function missingImages (brand: BrandFile, folder: string): string[] {
  return imagesOf(brand).flatMap(([place, name]) => {
    const file = statSync(join(folder, name), { throwIfNoEntry: false })
    if (!file?.isFile()) {
      const others = readdirSync(folder).filter(other => extname(other) === extname(name))
      return [`${place}: there is no ${name} beside this file${adviceOn(name, others)}`]
    }
    return file.size > maxImageBytes ? [`${place}: ${name} has more than ${maxImageBytes / 1024 / 1024} MiB`] : []
  })
}

/** Which colours the page writes on which. */
const pairs = {
  ink: ['paper', 'surface', 'sunken', 'highlightSurface'],
  inkSoft: ['paper', 'surface', 'sunken'],
  accent: ['paper', 'surface', 'sunken'],
  onAccent: ['accent'],
  highlight: ['paper', 'sunken', 'highlightSurface']
} as const

function faintColours ({ colours }: BrandFile): string[] {
  return Object.entries(colours).flatMap(([scheme, colours]) => Object.entries(pairs).flatMap(([name, grounds]) => grounds
    .map(ground => ({ ground, contrast: contrastOf(colours[name as keyof typeof pairs], colours[ground]) }))
    .filter(({ contrast }) => contrast < minContrast)
    .map(({ ground, contrast }) => `colours.${scheme}.${name}: ${colours[name as keyof typeof pairs]} on the ${ground} ${colours[ground]} has a contrast of ` +
      `${contrast.toFixed(1)}, where people read from ${minContrast} on`)))
}

function placeholders ({ services }: BrandFile): string[] {
  return (services?.items ?? []).flatMap(({ id, signedIn }, index) => (signedIn.match(/\{[^}]*\}/g) ?? [])
    .filter(placeholder => placeholder !== '{name}')
    .map(placeholder => `services.items, entry ${index + 1} (${id}), signedIn: has ${placeholder}, where there is {name} alone`))
}

function unanswered (brand: BrandFile): string[] {
  return unansweredBy(brand).map(question =>
    `contact.ask: Robin has no answer to “${question}”; add a word of it to what is \`asked\` of one`)
}
