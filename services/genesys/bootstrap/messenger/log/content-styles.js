import { sheet } from '../shared/style-sheet.js'

/** Files, cards and what can be chosen. */
export default sheet(`
.picture {
  display: block; max-width: 100%; border-radius: 14px; overflow: hidden; border: 1px solid var(--line); background: var(--raised);
}
.picture img { display: block; max-width: 100%; width: auto; height: auto; max-height: 240px; min-width: 48px; min-height: 48px; object-fit: cover; }
.file {
  display: flex; align-items: center; gap: 10px; max-width: min(100%, 290px); padding: 10px 14px 10px 12px;
  border: 1px solid var(--line); border-radius: 14px; background: var(--surface); text-decoration: none;
}
.file:dir(rtl) { padding: 10px 12px 10px 14px; }
a.file:hover { background: var(--raised); }
a.file .name { text-decoration: underline; }
.about { display: grid; justify-items: start; min-width: 0; line-height: 1.3; }
.about > * { max-width: 100%; }
.name { font-size: 14px; font-weight: 600; }
.size { font-size: 12px; color: var(--muted); }

.choices {
  display: flex; flex-direction: column; width: 232px; max-width: 100%; height: 100%; overflow: hidden;
  border: 1px solid var(--line); border-radius: 14px; background: var(--surface);
}
.choices > img { display: block; width: 100%; height: 120px; object-fit: cover; background: var(--raised); }
.words { flex: 1; display: grid; align-content: start; gap: 2px; padding: 10px 14px 12px; }
.words strong { font-weight: 650; }
.words span { font-size: 14px; color: var(--muted); white-space: pre-line; }
.choice {
  display: block; width: 100%; min-height: 42px; padding: 10px 14px; text-align: center; font-size: 14px; font-weight: 600;
  line-height: 1.3; color: var(--text); text-decoration: none; border-top: 1px solid var(--line);
}
a.choice { text-decoration: underline; }
.choice:hover { background: var(--raised); }
.choice:focus-visible, .reply:focus-visible { outline-offset: -3px; }
.choice[aria-disabled='true'] { color: var(--muted); cursor: default; background: none; }
.choice[aria-disabled='true'].chosen { background: var(--raised); color: var(--text); }
.chosen::before { content: '✓ ' / ''; }
.day-of-times { padding: 10px 14px 12px; border-top: 1px solid var(--line); display: grid; gap: 6px; }
.day-of-times .size { font-weight: 600; }
.times { display: grid; grid-template-columns: repeat(auto-fill, minmax(58px, 1fr)); gap: 6px; }
.times .choice { border: 1px solid var(--line); border-radius: 10px; min-height: 38px; padding: 6px 8px; }

.carousel { position: relative; width: calc(100% + 16px); margin-inline-end: -16px; }
.track { overflow-x: auto; scroll-snap-type: x proximity; scrollbar-width: none; overscroll-behavior-x: contain; padding: 2px 0; }
.track:focus-visible { outline-offset: -2px; border-radius: 14px; }
.track ul { display: flex; align-items: stretch; gap: 10px; width: max-content; padding-inline-end: 16px; }
.track li { scroll-snap-align: start; width: 232px; }
.turn {
  position: absolute; top: 60px; z-index: 1; translate: 0 -50%; display: grid; place-items: center; width: 36px; height: 36px;
  border-radius: 50%; background: var(--surface); border: 1px solid var(--line); box-shadow: 0 2px 10px rgb(10 13 22 / .25);
}
.turn:dir(rtl) svg { transform: scaleX(-1); }
.turn:hover { background: var(--raised); }
.turn.back { inset-inline-start: -10px; }
.turn.on { inset-inline-end: 10px; }

.replies { display: flex; flex-wrap: wrap; justify-content: flex-end; gap: 8px; padding-top: 14px; }
.reply {
  min-height: 38px; max-width: 100%; padding: 7px 16px; border-radius: 19px; font-size: 14px; font-weight: 600;
  background: var(--surface); color: var(--text); border: 1.5px solid var(--edge);
}
.reply:hover { background: var(--raised); }
`)
