import { element } from '../elements.js'

/** @import { Outcome, Proof } from './types.js' */

/**
 * The lines of a proof, each with the journeys that show it.
 * @param {HTMLElement} list
 * @param {Proof} proof
 */
export function showProof (list, { honest, attack, variants, others }) {
  list.replaceChildren(
    line(honest, 'The honest sign-in works', 'The honest sign-in does not work any more'),
    line(attack, 'The attack fails', 'The attack still works'),
    ...variants.map(variant => line(variant, variant.holds, variant.fails)),
    ...!honest.ok || !attack.ok
      ? []
      : others.length === 0
        ? [line({ ok: true, says: 'the attacks of the other lessons gain nothing' }, 'Nothing else was weakened', '')]
        : others.map(other => line(other, '', `Something else was weakened: lesson ${other.lesson}, ${other.title}`))
  )
}

/** @param {Omit<Outcome, 'realm'> & { realm?: string }} outcome @param {string} good @param {string} bad */
function line ({ ok, says, realm }, good, bad) {
  const more = realm === undefined ? [] : [' ', element('a', { href: `live?${new URLSearchParams({ realm })}`, target: '_blank', rel: 'noopener' }, 'see it')]
  return element('li', { class: ok ? 'good' : 'bad' }, element('strong', {}, ok ? good : bad), `: ${says}`, ...more)
}
