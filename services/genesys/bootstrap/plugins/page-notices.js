import { button, element, iconButton, ICONS } from '../messenger/shared/elements.js'
import { palette } from '../messenger/shared/palette.js'
import { sheet } from '../messenger/shared/style-sheet.js'
import theme from '../messenger/shared/theme.js'

/**
 * @typedef {object} NoticeOptions
 * @property {string | undefined} [title]
 * @property {string} body
 * @property {{ label: string, look: 'primary' | 'quiet', press: () => void }[]} buttons
 * @property {() => void} close What the cross does, and Escape.
 */

/** The small windows of the page, one above the other. They take neither the focus nor the place of the Messenger's window. */
class Notices extends HTMLElement {
  #list = element('div', { class: 'list' })
  /** Read out when there is something new, since the focus stays where it is. */
  #news = element('div', { class: 'unseen', role: 'status' })

  /** @param {string | undefined} primaryColor */
  constructor (primaryColor) {
    super()
    const { primary, onPrimary } = palette(primaryColor)
    const root = this.attachShadow({ mode: 'open' })
    root.adoptedStyleSheets = [theme, sheet(`:host { --primary: ${primary}; --on-primary: ${onPrimary}; }`), styles]
    root.append(this.#list, this.#news)
  }

  /** @param {NoticeOptions} options */
  show ({ title, body, buttons, close }) {
    const heading = element('h2', { dir: 'auto' }, title ?? '')
    heading.hidden = !title
    const actions = buttons.map(({ label, look, press }) => button(label, look, press))
    const notice = element('section', { class: 'notice', role: 'dialog', 'aria-label': title || body },
      element('div', { class: 'words' }, heading, element('p', { dir: 'auto' }, body)),
      iconButton('Close', 'round', ICONS.remove, close),
      element('div', { class: 'actions' }, ...actions))
    notice.addEventListener('keydown', ({ key }) => { if (key === 'Escape') close() })
    this.#list.append(notice)
    this.#news.textContent = [title, body].filter(Boolean).join(' ')
    return () => {
      notice.remove()
      this.#news.textContent = ''
    }
  }
}

const styles = sheet(`
.list {
  position: fixed; z-index: 2147482000; inset-inline-start: 0; bottom: env(safe-area-inset-bottom);
  display: grid; gap: 12px; width: min(420px, 100vw); max-height: 100dvh; overflow: auto;
  /* Room for the shadows, which what scrolls would cut off; the page below can be clicked all the same. */
  padding: 40px 40px 20px 20px; pointer-events: none;
}
.list:dir(rtl) { padding: 40px 20px 20px 40px; }
.list:empty { display: none; }
.notice {
  display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 4px 8px; padding: 16px; border-radius: 18px;
  background: var(--surface); box-shadow: var(--shadow); border: 1px solid var(--line); overflow-wrap: anywhere;
  pointer-events: auto;
}
h2 { font-size: 17px; font-weight: 650; margin-bottom: 4px; }
h2:not([hidden]) + p { color: var(--muted); }
.round { margin: -8px; }
.actions { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
.actions:empty { display: none; }
.actions .quiet { min-height: 42px; border-radius: 21px; padding-inline: 20px; font-size: inherit; }
@media (max-width: 480px) {
  .list, .list:dir(rtl) { padding-inline: 20px; padding-bottom: calc(96px + env(safe-area-inset-bottom)); }
}
`)

/** @type {Notices | undefined} */
let notices

/**
 * Shows a small window on the page.
 * @param {string | undefined} primaryColor
 * @param {NoticeOptions} options
 * @returns {() => void} Takes it away.
 */
export function showPageNotice (primaryColor, options) {
  if (!customElements.get('genesys-notices')) customElements.define('genesys-notices', Notices)
  notices ??= new Notices(primaryColor)
  if (!notices.isConnected) document.body.append(notices)
  return notices.show(options)
}
