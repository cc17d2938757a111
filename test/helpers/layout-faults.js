// Run in a page: what of it does not fit, a sentence each. Nothing that a person could press or read may lie outside the
// viewport, be cut where no ellipsis says so, stick out of its button, or lie over something else.
/* global document, getComputedStyle, innerHeight, innerWidth */
(() => {
  const controls = 'button, a[href], input:not([type=hidden]), textarea, select, summary, [role=button], [tabindex="0"]'
  const slack = 1.5

  /** By element, since it is asked for again and again. */
  const styles = new Map()
  const styleOf = element => {
    if (!styles.has(element)) styles.set(element, getComputedStyle(element))
    return styles.get(element)
  }
  const parentOf = element => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host ?? null
  const ancestorsOf = element => element ? [element, ...ancestorsOf(parentOf(element))] : []
  const isWithin = (element, other) => ancestorsOf(element).includes(other)
  const isOnlyHeard = element => ancestorsOf(element).some(one => styleOf(one).clipPath === 'inset(50%)')
  const isScroller = overflow => overflow === 'auto' || overflow === 'scroll'

  /** Every element that is drawn, those of open shadow roots too. */
  function drawnIn (root) {
    return [...root.children].flatMap(element => {
      if (!element.checkVisibility({ visibilityProperty: true })) return styleOf(element).display === 'none' ? [] : drawnIn(element)
      return [element, ...drawnIn(element.shadowRoot ?? element)]
    })
  }

  /** What cuts or scrolls an element, from within. What is fixed or absolute evades those around it. */
  function clippersOf (element) {
    const clippers = []
    let { position } = styleOf(element)
    for (const ancestor of ancestorsOf(element).slice(1)) {
      const style = styleOf(ancestor)
      if (position === 'fixed') break
      if (position === 'absolute' && style.position === 'static') continue
      if (![document.documentElement, document.body].includes(ancestor) && style.overflow !== 'visible') clippers.push(ancestor)
      position = style.position
    }
    return clippers
  }

  // What lies in a layer of its own is meant to cover others: a menu, a question. Two that are fixed have to keep apart.
  const layerOf = element => ancestorsOf(element).find(one => ['fixed', 'sticky', 'absolute'].includes(styleOf(one).position)) ?? document.body
  const isFixed = element => ancestorsOf(element).some(one => styleOf(one).position === 'fixed')

  const wordsOf = element => {
    const text = (element.getAttribute('aria-label') ?? (element.innerText || element.placeholder || '')).trim().replace(/\s+/g, ' ')
    const name = `${element.localName}${element.className && typeof element.className === 'string' ? `.${element.className.split(' ').join('.')}` : ''}`
    return `${name} “${text.length > 40 ? `${text.slice(0, 39)}…` : text}”`
  }

  function itemsOf (element) {
    if (isOnlyHeard(element)) return []
    const items = []
    if (element.matches(controls)) {
      const isInline = styleOf(element).display === 'inline'
      const boxes = isInline ? [...element.getClientRects()] : [element.getBoundingClientRect()]
      items.push(...boxes.map(box => ({ element, box, isControl: true })))
    }
    for (const node of element.childNodes) {
      if (node.nodeType !== 3 || node.data.trim() === '') continue
      const range = document.createRange()
      range.selectNodeContents(node)
      items.push(...[...range.getClientRects()].map(box => ({ element, node, box, isControl: false })))
    }
    return items.filter(({ box }) => box.width > 0 && box.height > 0)
  }

  const faults = new Set()

  /** What of an item shows, if any of it does. Says what is wrong with it. */
  function showing (item) {
    const { element, isControl } = item
    const complain = what => faults.add(`${wordsOf(element)} ${what}`)
    let { left, right, top, bottom } = item.box
    let scrollsAway = false
    const own = !isControl && styleOf(element).overflow !== 'visible' ? [element] : []
    for (const clipper of [...own, ...clippersOf(element)]) {
      const { overflowX, overflowY, textOverflow } = styleOf(clipper)
      const around = clipper.getBoundingClientRect()
      const isEllipsis = !isControl && textOverflow === 'ellipsis'
      const isField = clipper.matches('input, textarea')
      if (!scrollsAway && !isScroller(overflowX) && !isEllipsis && !isField && (left < around.left - slack || right > around.right + slack)) {
        complain(`is cut at the side by ${wordsOf(clipper)}`)
      }
      if (isEllipsis && right > around.right + slack && around.width < 24) complain('is cut to nothing')
      if (!scrollsAway && overflowY === 'hidden' && !isEllipsis && (top < around.top - 4 || bottom > around.bottom + 4)) {
        complain(`is cut above or below by ${wordsOf(clipper)}`)
      }
      if (isScroller(overflowX) || isScroller(overflowY)) {
        scrollsAway ||= left < around.left || right > around.right || top < around.top || bottom > around.bottom
      }
      left = Math.max(left, around.left)
      right = Math.min(right, around.right)
      top = Math.max(top, around.top)
      bottom = Math.min(bottom, around.bottom)
      if (right - left <= slack || bottom - top <= slack) return undefined
    }
    if (left < -slack || right > innerWidth + slack) complain(`is outside the viewport, from ${Math.round(left)} to ${Math.round(right)}`)
    if (isFixed(element) && (top < -slack || bottom > innerHeight + slack)) {
      complain(`is outside the viewport, from ${Math.round(top)} to ${Math.round(bottom)} down`)
    }
    const button = !isControl && ancestorsOf(element).find(one => one.matches('button, a[href]') && styleOf(one).display !== 'inline')
    if (button) {
      const around = button.getBoundingClientRect()
      if (left < around.left - slack || right > around.right + slack || top < around.top - 3 || bottom > around.bottom + 3) {
        complain(`sticks out of ${wordsOf(button)}`)
      }
    }
    // Letters do not fill their line.
    const inset = isControl ? 0 : (bottom - top) * 0.25
    return { ...item, left, right, top: top + inset, bottom: bottom - inset, layer: layerOf(element) }
  }

  const shown = drawnIn(document.body).flatMap(itemsOf).flatMap(item => showing(item) ?? [])
  const { scrollWidth } = document.documentElement
  if (scrollWidth > innerWidth) faults.add(`the page scrolls sideways, it is ${scrollWidth} wide`)

  for (const [index, one] of shown.entries()) {
    for (const other of shown.slice(index + 1)) {
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top)
      if (wide <= slack || high <= slack) continue
      if (one.layer !== other.layer && ![one, other].every(({ layer }) => styleOf(layer).position === 'fixed')) continue
      if (one.element === other.element || isWithin(one.element, other.element) || isWithin(other.element, one.element)) continue
      faults.add(`${wordsOf(one.element)} and ${wordsOf(other.element)} lie over each other`)
    }
  }
  return [...faults]
})()
