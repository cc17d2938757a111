import { glossary } from '../glossary.ts'

const escaped = (text: string) => text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)

/** Address of a term in the glossary, relative to the console. */
export const anchorOf = (term: string): string => `term-${term.toLowerCase().replaceAll(' ', '-')}`

/**
 * A paragraph of a lesson as HTML: `code` in backticks, *stress* in asterisks, terms of the glossary in [[brackets]].
 *
 * @param seen terms that were explained before on this page: each is explained where it first stands
 */
export function toHtml (paragraph: string, seen: Set<string>): string {
  return escaped(paragraph)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*([^*]+)\*/g, '<em>$1</em>')
    .replace(/\[\[([^\]]+)\]\]/g, (_brackets, term: string) => explained(term, seen))
}

function explained (term: string, seen: Set<string>): string {
  const explanation = glossary[term]
  if (explanation === undefined || seen.has(term)) return term
  seen.add(term)
  const id = `about-${anchorOf(term)}`
  return `<button type="button" class="term" popovertarget="${id}">${term}</button><span popover id="${id}" class="explanation"><strong>${term}</strong>: ${escaped(explanation)}</span>`
}

/** How many words a text has. */
export const wordCountOf = (paragraphs: string[]): number => paragraphs.join(' ').split(/\s+/).filter(word => word !== '').length
