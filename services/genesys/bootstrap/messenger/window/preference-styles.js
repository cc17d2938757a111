import { sheet } from '../shared/style-sheet.js'

/** What the person's system asks for: motion, contrast, forced colours. */
export default sheet(`
@media (prefers-contrast: more) {
  :host { --line: var(--text); --edge: var(--text); --muted: var(--text); }
  .bubble { border-color: var(--line); }
}
@media (forced-colors: active) {
  .panel, .bubble, .badge, .send, .primary, .launcher { border: 1px solid; }
  .header { border-bottom: 1px solid; }
  .choice[aria-disabled='true']:not(.chosen), .send[aria-disabled='true'] { color: GrayText; border-color: GrayText; }
  .alert .notice { border-top: 1px solid; }
  /* A ring of one colour does not seem to turn. */
  .spinner { forced-color-adjust: none; border-color: GrayText; border-top-color: CanvasText; }
  .dots i, .bar::after { background: CanvasText; forced-color-adjust: none; }
  .question { background: none; }
  .asked { border-top: 2px solid; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel:not([hidden]) { animation: rise .2s cubic-bezier(.2, .8, .3, 1); }
  .launcher { transition: transform .15s; }
  .launcher:active { transform: scale(.94); }
  .spinner { animation: turn .9s linear infinite; }
  .dots i { animation: nod 1.2s infinite; }
  .dots i:nth-child(2) { animation-delay: .15s; }
  .dots i:nth-child(3) { animation-delay: .3s; }
  .bar::after { animation: slide 1.2s ease-in-out infinite; }
  .track { scroll-behavior: smooth; }
  .asked { animation: lift .16s ease-out; }
}
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.98); } }
@keyframes lift { from { transform: translateY(40%); } }
@keyframes turn { to { transform: rotate(1turn); } }
@keyframes nod { 0%, 60%, 100% { transform: none; } 30% { transform: translateY(-4px); } }
@keyframes slide { from { transform: translateX(-100%); } to { transform: translateX(250%); } }
`)
