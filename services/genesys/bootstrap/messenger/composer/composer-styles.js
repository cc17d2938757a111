import { sheet } from '../shared/style-sheet.js'

/** Where the person writes, and the files that go along. */
export default sheet(`
.composer { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 8px; padding: 10px; border-top: 1px solid var(--line); }
.composer textarea {
  flex: 1; min-width: 0; max-height: 132px; resize: none; overflow-y: auto; field-sizing: content;
  padding: 9px 14px; border: 1px solid var(--line); border-radius: 21px; background: var(--raised);
  line-height: 22px; min-height: 42px; margin: 0;
}
.composer textarea::placeholder { color: var(--muted); opacity: 1; }
.composer textarea:focus-visible { outline-offset: 0; }
.send, .attach { display: grid; place-items: center; flex: none; width: 42px; height: 42px; border-radius: 50%; }
.send { background: var(--primary); color: var(--on-primary); border: 1px solid transparent; }
.send svg:dir(rtl) { transform: scaleX(-1); }
.send[aria-disabled='true'] { background: var(--raised); color: var(--muted); cursor: default; }
.attach { color: var(--muted); margin-inline-end: -6px; }
.attach svg { width: 22px; height: 22px; }
.attach:hover { background: var(--raised); color: var(--text); }

.tray { flex: 1 0 100%; min-width: 0; }
.chips { display: flex; flex-wrap: wrap; gap: 8px; max-height: 168px; overflow-y: auto; padding: 2px; }
.chip {
  position: relative; display: flex; align-items: center; gap: 8px; max-width: 100%; min-width: 0; padding: 6px;
  border: 1px solid var(--line); border-radius: 12px; background: var(--surface);
}
.chip .about { max-width: 190px; }
.chip .name { font-size: 13px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.chip img, .preview { width: 36px; height: 36px; flex: none; border-radius: 8px; object-fit: cover; background: var(--raised); }
.preview { display: grid; place-items: center; color: var(--muted); }
.remove { display: grid; place-items: center; flex: none; width: 28px; height: 28px; border-radius: 50%; color: var(--muted); }
.remove svg { width: 16px; height: 16px; }
.remove:hover { background: var(--raised); color: var(--text); }
.chip.failed { border-color: var(--danger); background: var(--danger-surface); }
.chip.failed .size { color: var(--danger); }
.chip.failed .preview { background: none; color: var(--danger); }
.bar { position: relative; justify-self: stretch; height: 3px; margin-top: 4px; border-radius: 2px; overflow: hidden; background: var(--line); }
.bar::after { content: ''; position: absolute; inset-block: 0; inset-inline-start: 0; width: 40%; border-radius: 2px; background: var(--text); }
`)
