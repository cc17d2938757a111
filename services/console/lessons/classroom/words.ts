import { glossary } from '../glossary.ts'

const escaped = (text: string) => text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)

/** Address of a term in the glossary, relative to the console. */
export const anchorOf = (term: string): string => `term-${term.toLowerCase().replaceAll(' ', '-')}`

/**
 * A paragraph of a lesson as HTML: `code` in backticks, *stress* in asterisks, terms of the glossary in [[brackets]].
 *
 * @param seen ids of terms that were explained before on this page: each is explained where it first stands
 */
export function toHtml (paragraph: string, seen: Set<string>): string {
  return escaped(paragraph)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*([^*]+)\*/g, '<em>$1</em>')
    .replace(/\[\[([^\]]+)\]\]/g, (_brackets, term: string) => explained(term, seen))
}

function explained (term: string, seen: Set<string>): string {
  // At the beginning of a sentence it is written with a capital.
  const explanation = glossary[term] ?? glossary[term.charAt(0).toLowerCase() + term.slice(1)]
  const id = `about-${anchorOf(term)}`
  if (explanation === undefined || seen.has(id)) return term
  seen.add(id)
  return `<button type="button" class="term" popovertarget="${id}">${term}</button><span popover id="${id}" class="explanation"><strong>${term}</strong>: ${escaped(explanation)}</span>`
}

/** How many words a text has. */
export const wordCountOf = (paragraphs: string[]): number => paragraphs.join(' ').split(/\s+/).filter(word => word !== '').length
