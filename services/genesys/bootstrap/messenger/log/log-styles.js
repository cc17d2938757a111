import { sheet } from '../shared/style-sheet.js'

/** What has been said. */
export default sheet(`
.messages { display: grid; min-height: 0; min-width: 0; }
.scroller {
  position: relative; overflow: hidden auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; min-width: 0;
}
.scroller:focus-visible { outline-offset: -3px; }
.log { display: flex; flex-direction: column; margin-top: auto; }
.earlier { align-self: center; flex: none; margin-bottom: 12px; }
.greeting { margin: auto; padding: 24px 12px; text-align: center; color: var(--muted); }
.greeting h3 { font-size: 18px; font-weight: 650; color: var(--text); margin-bottom: 4px; }
.jump {
  position: absolute; bottom: 12px; left: 50%; translate: -50%; z-index: 1; display: flex; align-items: center; gap: 6px;
  min-height: 36px; padding: 6px 16px 6px 12px; border-radius: 18px; font-size: 13.5px; font-weight: 600; white-space: nowrap;
  background: var(--surface); border: 1px solid var(--line); box-shadow: 0 3px 12px rgb(10 13 22 / .22);
}
.jump svg { width: 16px; height: 16px; }
.jump:hover { background: var(--raised); }

.day { margin: 20px 0 2px; text-align: center; font-size: 12px; font-weight: 600; color: var(--muted); }
.day:first-child { margin-top: 0; }
.entry { display: grid; grid-template-columns: 30px minmax(0, 1fr); column-gap: 8px; margin-top: 14px; }
.entry:first-child { margin-top: 0; }
.entry.follows { margin-top: 3px; }
.author { grid-column: 2; font-size: 12.5px; font-weight: 600; color: var(--muted); margin-bottom: 3px; }
.avatar {
  grid-row: 2; grid-column: 1; align-self: end; width: 30px; height: 30px; border-radius: 50%;
  display: grid; place-items: center; font-size: 13px; font-weight: 650;
  background: var(--raised); color: var(--text); border: 1px solid var(--line);
}
.entry.follows .author, .entry:has(+ .day[hidden] + .follows) .avatar { visibility: hidden; }
.entry.follows .author { height: 0; margin: 0; }
.said { grid-column: 2; display: grid; grid-template-columns: minmax(0, 1fr); justify-items: start; gap: 4px; min-width: 0; max-width: 100%; }
.bubble {
  max-width: min(100%, 290px); padding: 9px 14px; border-radius: 18px; border-end-start-radius: 6px;
  background: var(--raised); white-space: pre-wrap; border: 1px solid transparent;
}
.meta { grid-column: 2; display: flex; flex-wrap: wrap; gap: 0 6px; font-size: 12px; color: var(--muted); padding: 3px 4px 0; }
.entry:not(.failed):has(+ .day[hidden] + .follows) .meta { display: none; }
.mine { display: flex; flex-direction: column; align-items: flex-end; }
.mine .said { justify-items: end; }
.mine .bubble {
  max-width: min(100%, 300px); border-end-start-radius: 18px; border-end-end-radius: 6px;
  background: var(--primary); color: var(--on-primary);
}
.bubble :focus-visible { outline-color: currentColor; }
.mine.sending .bubble { filter: saturate(.6); }
.failed .bubble { background: var(--danger-surface); color: var(--text); border-color: var(--danger); }
.failed .state { color: var(--danger); font-weight: 600; }
.event { display: block; text-align: center; font-size: 13px; color: var(--muted); }

.typing { display: flex; align-items: center; gap: 8px; min-height: 0; color: var(--muted); font-size: 13px; }
.typing:not(:empty) { margin-top: 12px; }
.dots { display: inline-flex; gap: 4px; padding: 10px 12px; border-radius: 16px; background: var(--raised); }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--muted); }
`)
