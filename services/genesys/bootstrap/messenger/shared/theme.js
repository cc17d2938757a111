import { sheet } from './style-sheet.js'

/** Colours, type and the parts that stand everywhere. */
export default sheet(`
:host {
  all: initial;
  --surface: #fff;
  --raised: #f1f3f8;
  --line: #dfe3ec;
  --edge: #7d8496;
  --text: #171a23;
  --muted: #5a6172;
  --danger: #b3261e;
  --danger-surface: #fdecea;
  --shadow: 0 12px 40px rgb(16 24 48 / .2), 0 2px 8px rgb(16 24 48 / .1);
  color-scheme: light dark;
  color: var(--text);
  /* Nearly all of it is somebody else's words, and none of them is to decide how wide the window is. */
  overflow-wrap: anywhere;
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --surface: #191c24;
    --raised: #272b37;
    --line: #373c4b;
    --edge: #8a92a6;
    --text: #eceef4;
    --muted: #a7aec0;
    --danger: #ffb4ab;
    --danger-surface: #46201d;
    --shadow: 0 12px 40px rgb(0 0 0 / .55), 0 0 0 1px #373c4b;
  }
}
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
button, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
a { color: inherit; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
svg { width: 20px; height: 20px; flex: none; fill: currentColor; display: block; }
p, h2, h3, ul { margin: 0; padding: 0; font: inherit; list-style: none; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.primary {
  min-height: 42px; padding: 9px 22px; border-radius: 21px; font-weight: 650;
  background: var(--primary); color: var(--on-primary); border: 1px solid transparent;
}
.primary:hover { filter: brightness(1.08); }
.quiet {
  min-height: 34px; padding: 5px 14px; border-radius: 17px; font-size: 13.5px; font-weight: 600;
  background: var(--surface); color: var(--text); border: 1px solid var(--line);
}
.quiet:hover { background: var(--raised); }
.link { color: inherit; font-weight: 650; text-decoration: underline; text-underline-offset: 2px; }
.round { display: grid; place-items: center; flex: none; width: 40px; height: 40px; border-radius: 50%; }
.round:hover { background: color-mix(in srgb, currentColor 14%, transparent); }
.spinner {
  width: 26px; height: 26px; border-radius: 50%; border: 3px solid var(--line); border-top-color: var(--text);
}
`)
