/**
 * Tells the styles which part of the screen a virtual keyboard leaves: it covers the page without making it smaller,
 * and `dvh` knows nothing of it.
 * @param {HTMLElement} host
 */
export function followVisualViewport (host) {
  const viewport = window.visualViewport
  if (!viewport) return
  const update = () => {
    // Who has zoomed in wants to see a part of the window, not all of it smaller.
    if (viewport.scale > 1.01) return
    host.style.setProperty('--visible-top', `${viewport.offsetTop}px`)
    host.style.setProperty('--visible-height', `${viewport.height}px`)
  }
  viewport.addEventListener('resize', update)
  viewport.addEventListener('scroll', update)
  update()
}
