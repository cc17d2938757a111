// Adopted as a constructable sheet: the host page's CSP allows neither <style> nor style attributes.
// Lengths are in px because rem would follow the host page's root font size.
const sheet = new CSSStyleSheet()
sheet.replaceSync(`
:host {
  all: initial;
  --surface: #fff;
  --raised: #f1f3f8;
  --line: #dfe3ec;
  --text: #171a23;
  --muted: #5a6172;
  --danger: #b3261e;
  --danger-surface: #fdecea;
  --shadow: 0 12px 40px rgb(16 24 48 / .2), 0 2px 8px rgb(16 24 48 / .1);
  color-scheme: light dark;
  color: var(--text);
  font: 15px/1.45 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --surface: #191c24;
    --raised: #272b37;
    --line: #373c4b;
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
:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
svg { width: 20px; height: 20px; fill: currentColor; display: block; }
p, h2, h3 { margin: 0; font: inherit; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}

.launcher {
  position: fixed; inset-inline-end: 20px; bottom: 20px; z-index: 2147483000;
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
  display: grid; grid-template-rows: auto minmax(0, 1fr) auto;
  width: min(390px, calc(100vw - 40px)); height: min(640px, calc(100dvh - 192px));
  overflow: hidden; border-radius: 18px; background: var(--surface); box-shadow: var(--shadow);
}
.header {
  display: flex; align-items: center; gap: 12px; padding: 16px 12px 16px 20px;
  background: var(--primary); color: var(--on-primary);
}
.header :focus-visible { outline-color: var(--on-primary); }
.titles { flex: 1; min-width: 0; }
.titles h2 { font-size: 17px; font-weight: 650; line-height: 1.3; letter-spacing: -.005em; }
.identity { display: flex; align-items: center; gap: 4px; font-size: 13px; }
.identity svg { width: 14px; height: 14px; flex: none; }
.identity span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.round { display: grid; place-items: center; flex: none; width: 40px; height: 40px; border-radius: 50%; }
.round:hover { background: color-mix(in srgb, currentColor 14%, transparent); }

.body { position: relative; display: grid; min-height: 0; }
.scroller { overflow-y: auto; overscroll-behavior: contain; padding: 16px; display: flex; flex-direction: column; }
.log { display: flex; flex-direction: column; margin-top: auto; }
.earlier { align-self: center; margin-bottom: 12px; }
.greeting { margin: auto; padding: 24px 12px; text-align: center; color: var(--muted); }
.greeting h3 { font-size: 18px; font-weight: 650; color: var(--text); margin-bottom: 4px; }

.entry { display: grid; grid-template-columns: 30px minmax(0, 1fr); column-gap: 8px; margin-top: 14px; }
.entry:first-child { margin-top: 0; }
.entry.follows { margin-top: 3px; }
.avatar {
  grid-row: 1 / span 2; align-self: end; width: 30px; height: 30px; border-radius: 50%;
  display: grid; place-items: center; font-size: 13px; font-weight: 650;
  background: var(--raised); color: var(--text); border: 1px solid var(--line);
}
.entry.follows .author, .entry:has(+ .follows) .avatar { visibility: hidden; }
.entry.follows .author { height: 0; }
.author { grid-column: 2; font-size: 12.5px; font-weight: 600; color: var(--muted); margin-bottom: 3px; }
.entry.follows .author { margin: 0; }
.said { grid-column: 2; display: grid; justify-items: start; }
.avatar { grid-row: 2; grid-column: 1; }
.bubble {
  max-width: min(100%, 290px); padding: 9px 14px; border-radius: 18px 18px 18px 6px;
  background: var(--raised); white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid transparent;
}
.meta { display: flex; flex-wrap: wrap; gap: 0 6px; font-size: 12px; color: var(--muted); padding: 3px 4px 0; }
.meta { grid-column: 2; }
.entry:not(.failed):has(+ .follows) .meta { display: none; }
.mine { display: flex; flex-direction: column; align-items: flex-end; }
.mine .bubble {
  max-width: 84%; border-radius: 18px 18px 6px 18px; background: var(--primary); color: var(--on-primary);
}
.mine.sending .bubble { filter: saturate(.6); }
.failed .bubble { background: var(--danger-surface); color: var(--text); border-color: var(--danger); }
.failed .state { color: var(--danger); font-weight: 600; }
.link { color: inherit; font-weight: 650; text-decoration: underline; text-underline-offset: 2px; }

.typing { display: flex; align-items: center; gap: 8px; min-height: 0; color: var(--muted); font-size: 13px; }
.typing:not(:empty) { margin-top: 12px; }
.dots { display: inline-flex; gap: 4px; padding: 10px 12px; border-radius: 16px; background: var(--raised); }
.dots i { width: 6px; height: 6px; border-radius: 50%; background: var(--muted); }

.card { margin: auto; max-width: 300px; padding: 32px 20px; text-align: center; display: grid; justify-items: center; gap: 8px; }
.card .disc {
  display: grid; place-items: center; width: 60px; height: 60px; margin-bottom: 8px; border-radius: 50%;
  background: var(--raised); color: var(--text);
}
.card .disc svg { width: 26px; height: 26px; }
.card h3 { font-size: 19px; font-weight: 650; letter-spacing: -.01em; }
.card p { color: var(--muted); }
.card button { margin-top: 12px; }
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
.spinner {
  width: 26px; height: 26px; border-radius: 50%; border: 3px solid var(--line); border-top-color: var(--text);
}

.notice { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; padding: 11px 16px; font-size: 14px; }
.notice > span { flex: 1 1 170px; }
.alert .notice { background: var(--danger-surface); }
.status .notice { background: var(--raised); }
.composer, .ended { border-top: 1px solid var(--line); }
.composer { display: flex; align-items: flex-end; gap: 8px; padding: 10px 10px 10px 12px; }
.composer textarea {
  flex: 1; min-width: 0; max-height: 132px; resize: none; overflow-y: auto; field-sizing: content;
  padding: 9px 14px; border: 1px solid var(--line); border-radius: 21px; background: var(--raised);
  line-height: 22px; min-height: 42px; margin: 0;
}
.composer textarea::placeholder { color: var(--muted); opacity: 1; }
.composer textarea:focus-visible { outline-offset: 0; }
.send {
  display: grid; place-items: center; flex: none; width: 42px; height: 42px; border-radius: 50%;
  background: var(--primary); color: var(--on-primary); border: 1px solid transparent;
}
.send[aria-disabled='true'] { background: var(--raised); color: var(--muted); cursor: default; }
.ended { display: grid; justify-items: center; gap: 10px; padding: 16px; text-align: center; color: var(--muted); }

@media (max-width: 480px), (max-height: 480px) {
  .panel { inset: 0; width: auto; height: auto; border-radius: 0; }
  .panel:not([hidden]) + .launcher { display: none; }
}
@media (forced-colors: active) {
  .panel { border: 1px solid; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel:not([hidden]) { animation: rise .2s cubic-bezier(.2, .8, .3, 1); }
  .launcher { transition: transform .15s; }
  .launcher:active { transform: scale(.94); }
  .spinner { animation: turn .9s linear infinite; }
  .dots i { animation: nod 1.2s infinite; }
  .dots i:nth-child(2) { animation-delay: .15s; }
  .dots i:nth-child(3) { animation-delay: .3s; }
}
@keyframes rise { from { opacity: 0; transform: translateY(14px) scale(.98); } }
@keyframes turn { to { transform: rotate(1turn); } }
@keyframes nod { 0%, 60%, 100% { transform: none; } 30% { transform: translateY(-4px); } }
`)

export default sheet
