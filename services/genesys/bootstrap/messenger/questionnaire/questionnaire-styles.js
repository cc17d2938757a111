import { sheet } from '../shared/style-sheet.js'

/** Lists and forms: the card that stands for one, and its pages over the conversation. */
export default sheet(`
.answered { padding: 0 14px 12px; font-size: 14px; }
dl { margin: 0; display: grid; gap: 8px; }
dl > div { min-width: 0; }
dt { font-size: 12.5px; color: var(--muted); }
dd { margin: 0; white-space: pre-wrap; }

.questionnaire { position: absolute; inset: 0; z-index: 3; display: grid; grid-template: minmax(0, 1fr) / minmax(0, 1fr); background: var(--surface); }
.questionnaire .close { position: absolute; inset-block-start: 8px; inset-inline-end: 8px; z-index: 1; background: var(--surface); }
.page { display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
.page-body { overflow: hidden auto; overscroll-behavior: contain; padding: 22px 20px; min-width: 0; }
.page-body:focus-visible { outline-offset: -3px; }
.page-body h3 { font-size: 19px; font-weight: 650; line-height: 1.3; letter-spacing: -.01em; padding-inline-end: 36px; }
.page-body h3:focus-visible { outline: none; }
.page-body > p { margin-top: 4px; color: var(--muted); }
.page-picture:empty { display: none; }
.page-picture { margin: -22px -20px 18px; }
.page-picture img { display: block; width: 100%; max-height: 180px; object-fit: cover; background: var(--raised); }
.fields { display: grid; grid-template-columns: minmax(0, 1fr); gap: 18px; margin-top: 18px; }
.field { display: grid; grid-template-columns: minmax(0, 1fr); gap: 5px; }
.field label, .sections legend { font-size: 14px; font-weight: 600; }
.field :is(input, textarea, select) {
  font: inherit; color: inherit; width: 100%; min-width: 0; min-height: 44px; margin: 0; padding: 9px 12px;
  border: 1px solid var(--edge); border-radius: 10px; background: var(--surface);
}
.field textarea { resize: vertical; line-height: 22px; }
.field :is(input, textarea)::placeholder { color: var(--muted); opacity: 1; }
.field [aria-invalid='true'] { border-color: var(--danger); }
.field .size:empty, .problem:empty { display: none; }
.problem { font-size: 13.5px; font-weight: 600; color: var(--danger); }
.sections { display: grid; grid-template-columns: minmax(0, 1fr); gap: 18px; min-width: 0; }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 6px; }
legend { padding: 0; margin-bottom: 6px; }
.option {
  display: flex; align-items: center; gap: 12px; min-width: 0; min-height: 48px; padding: 9px 12px; border: 1px solid var(--line);
  border-radius: 12px; cursor: pointer;
}
.option:hover { background: var(--raised); }
.option:has(:checked) { border-color: var(--text); background: var(--raised); }
.option input { flex: none; width: 19px; height: 19px; margin: 0; accent-color: var(--primary); }
.option img { flex: none; width: 44px; height: 44px; border-radius: 8px; object-fit: cover; background: var(--raised); }
.option .words { flex: 1; min-width: 0; padding: 0; gap: 0; }
.option .words .title { font-size: inherit; color: inherit; }
.page .actions { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; margin: 0; padding: 12px 16px calc(12px + env(safe-area-inset-bottom)); border-top: 1px solid var(--line); }
.page .actions .size { flex: 1 1 auto; }
.page .actions .primary { max-width: 100%; }

.choices video { display: block; width: 100%; max-height: 180px; background: #000; }
.words .link { text-align: start; }
.reply:has(img) { display: flex; align-items: center; gap: 8px; padding-inline-start: 6px; }
.reply img { flex: none; width: 26px; height: 26px; border-radius: 50%; object-fit: cover; background: var(--raised); }
.reply span { min-width: 0; }
`)
