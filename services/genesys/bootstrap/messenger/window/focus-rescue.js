/**
 * Where what has the focus goes away, a browser begins at the start of the page again. Here the focus stays inside.
 * @param {HTMLElement} inside In a shadow root.
 * @param {() => void} rescue Gives the focus to something else inside.
 * @see https://html.spec.whatwg.org/multipage/interaction.html#focus-fixup-rule
 */
export function keepFocus (inside, rescue) {
  /** @type {Element | undefined} */
  let focused
  inside.addEventListener('focusin', ({ target }) => { focused = target instanceof Element ? target : undefined })
  inside.addEventListener('focusout', ({ target }) => queueMicrotask(() => {
    // It has been left, and is not about to go. While another window is in front it keeps the focus of its own.
    const root = /** @type {ShadowRoot} */ (inside.getRootNode())
    if (target === focused && focused?.checkVisibility() && root.activeElement !== target) focused = undefined
  }))
  new MutationObserver(() => {
    if (!focused || focused.checkVisibility() || !inside.checkVisibility()) return
    focused = undefined
    rescue()
  }).observe(inside, { subtree: true, childList: true, attributeFilter: ['hidden'] })
}
