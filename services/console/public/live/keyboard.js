/**
 * What the keys do, wherever nothing else has a use for them: steps forward and back, Space, F and Escape.
 * @param {{ step: (by: 1 | -1) => void, move: (by: 1 | -1) => void, play: () => void, pin: () => void, close: () => void }} actions
 */
export function listenToKeys (actions) {
  /** @type {Record<string, () => void>} */
  const meanings = {
    ArrowUp: () => actions.move(-1),
    ArrowDown: () => actions.move(1),
    ArrowLeft: () => actions.step(-1),
    ArrowRight: () => actions.step(1),
    ' ': actions.play,
    f: actions.pin,
    Escape: actions.close
  }
  // Firefox presses a button when Space is let go.
  document.addEventListener('keyup', event => { if (event.key === ' ' && isFree(event)) event.preventDefault() })
  document.addEventListener('keydown', event => {
    const act = meanings[event.key]
    if (!act || event.ctrlKey || event.altKey || event.metaKey || !isFree(event)) return
    event.preventDefault()
    act()
  })
}

/** @param {KeyboardEvent} event */
function isFree ({ key, target }) {
  if (!(target instanceof Element)) return true
  if (target.closest('input, select, textarea')) return false
  // Within the details arrows go from tab to tab, or scroll; a button that is none of a message is pressed by Space.
  if (key.startsWith('Arrow')) return !target.closest('.details')
  return key !== ' ' || !target.closest('button, a') || target.closest('.messages') !== null
}
