/**
 * Adopted as a constructable sheet: the host page's CSP allows neither <style> nor style attributes.
 * Lengths are in px because rem would follow the host page's root font size.
 * @param {string} rules
 */
export function sheet (rules) {
  const created = new CSSStyleSheet()
  created.replaceSync(rules)
  return created
}
