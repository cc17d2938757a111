import { sheet } from '../shared/style-sheet.js'

/** The launcher, the window, and what can cover the conversation. */
export default sheet(`
.launcher {
  position: fixed; z-index: 2147483000;
  inset-inline-end: calc(20px + env(safe-area-inset-right)); bottom: calc(20px + env(safe-area-inset-bottom));
  display: grid; place-items: center; width: 58px; height: 58px; border-radius: 50%;
  background: var(--primary); color: var(--on-primary);
  box-shadow: 0 6px 20px rgb(16 24 48 / .28), 0 1px 3px rgb(16 24 48 / .2);
  border: 1px solid transparent;
}
.launcher svg { width: 27px; height: 27px; }
.launcher:hover { filter: brightness(1.08); }
.launcher:focus-visible { outline-offset: 3px; }
.badge {
  position: absolute; inset-block-start: -3px; inset-inline-end: -3px;
  min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px;
  display: grid; place-items: center; font-size: 12px; font-weight: 700; line-height: 1;
  background: #c62828; color: #fff; border: 2px solid var(--surface);
}

.panel {
  position: fixed; inset-inline-end: 20px; bottom: 92px; z-index: 2147483000;
  display: grid; grid-template: auto auto minmax(0, 1fr) auto / minmax(0, 1fr);
  width: min(390px, calc(100vw - 40px)); height: min(660px, calc(100dvh - 192px));
  overflow: clip; border-radius: 18px; background: var(--surface); box-shadow: var(--shadow);
}
.header {
  grid-row: 1; display: flex; align-items: center; gap: 2px; padding: 14px 12px 14px 20px;
  background: var(--primary); color: var(--on-primary);
}
.header:dir(rtl) { padding: 14px 20px 14px 12px; }
.header :focus-visible { outline-color: var(--on-primary); }
.titles { flex: 1; min-width: 0; }
.titles h2 { font-size: 17px; font-weight: 650; line-height: 1.3; letter-spacing: -.005em; }
.identity { display: flex; align-items: center; gap: 4px; font-size: 13px; }
.identity svg { width: 14px; height: 14px; }
.identity span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.options { position: relative; }
.menu {
  position: absolute; inset-inline-end: 0; top: 100%; z-index: 2; min-width: 200px; padding: 6px; border-radius: 12px;
  background: var(--surface); color: var(--text); border: 1px solid var(--line); box-shadow: var(--shadow);
}
.menu button { width: 100%; min-height: 42px; padding: 8px 12px; border-radius: 8px; text-align: start; white-space: nowrap; }
.menu button:hover { background: var(--raised); }
.menu :focus-visible { outline-color: var(--text); outline-offset: -2px; }
.sign-in-bar {
  grid-row: 2; display: flex; align-items: center; gap: 12px; min-height: 52px; padding: 8px 12px 8px 20px;
  font-size: 14px; background: var(--raised); border-bottom: 1px solid var(--line);
}
.sign-in-bar:dir(rtl) { padding: 8px 20px 8px 12px; }
.sign-in-bar span { flex: 1; }

.body { grid-row: 3; position: relative; display: grid; grid-template-columns: minmax(0, 1fr); min-height: 0; }
.footer { grid-row: 4; }
.screen { margin: auto; max-width: 300px; padding: 32px 20px; text-align: center; display: grid; justify-items: center; gap: 8px; }
.screen .disc {
  display: grid; place-items: center; width: 60px; height: 60px; margin-bottom: 8px; border-radius: 50%;
  background: var(--raised); color: var(--text);
}
.screen .disc svg { width: 26px; height: 26px; }
.screen h3 { font-size: 19px; font-weight: 650; letter-spacing: -.01em; }
.screen p { color: var(--muted); text-wrap: balance; }
.screen button { margin-top: 12px; }
.notice { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 11px 16px; font-size: 14px; }
.notice > span { flex: 1 1 170px; }
.alert .notice { background: var(--danger-surface); }
.status .notice { background: var(--raised); border-top: 1px solid var(--line); }
.ended {
  display: grid; justify-items: center; gap: 10px; padding: 16px; text-align: center; color: var(--muted);
  border-top: 1px solid var(--line);
}

.question { position: absolute; inset: 0; z-index: 3; display: grid; align-items: end; background: rgb(10 13 22 / .5); }
.asked { padding: 22px 20px 20px; border-radius: 18px 18px 0 0; background: var(--surface); }
.asked h3 { font-size: 17px; font-weight: 650; margin-bottom: 4px; }
.asked p { color: var(--muted); }
.actions { display: flex; justify-content: flex-end; gap: 8px; margin-top: 18px; }
.actions .quiet { min-height: 42px; border-radius: 21px; padding-inline: 20px; font-size: inherit; }
.drop {
  position: absolute; inset: 8px; z-index: 3; display: none; place-content: center; justify-items: center; gap: 8px;
  border: 2px dashed var(--text); border-radius: 14px; background: var(--surface); color: var(--text); font-weight: 600;
  pointer-events: none;
}
.drop svg { width: 28px; height: 28px; }
.dropping .drop { display: grid; }

@media (max-width: 480px), (max-height: 480px) {
  .panel {
    inset: 0; top: var(--visible-top, 0); bottom: auto; width: auto; height: var(--visible-height, 100dvh); border-radius: 0;
    padding-inline: env(safe-area-inset-left) env(safe-area-inset-right);
  }
  .header { padding-top: calc(14px + env(safe-area-inset-top)); }
  .footer { padding-bottom: env(safe-area-inset-bottom); }
  .panel:not([hidden]) + .launcher { display: none; }
}
`)
