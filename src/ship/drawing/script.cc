#include "ship/drawing/style.h"

namespace hone::ship::drawing {

// What the model says reaches the page as textContent only.
const char* const script = R"js(
const $ = (id) => document.getElementById(id);
const data = JSON.parse($('data').textContent);
const sheets = new Map(), margin = 48;
let current = null, chosen = null, used = [];
const make = (tag, css, text) => {
  const e = document.createElement(tag);
  if (css) e.className = css;
  if (text !== undefined) e.textContent = text;
  return e;
};
const size = (e) => {
  const at = e.getAttribute('transform').match(/-?[\d.]+/g).map(Number);
  const box = e.querySelector('.box');
  return {x: at[0], y: at[1], w: +box.getAttribute('width'), h: +box.getAttribute('height')};
};

// ---- the view: x and y of the upper left corner, k pixels for a unit of the drawing

const apply = (s) => {
  const w = s.svg.clientWidth, h = s.svg.clientHeight, v = s.view;
  s.svg.setAttribute('viewBox', [v.x, v.y, w / v.k, h / v.k].join(' '));
  s.svg.classList.toggle('far', 0.45 > v.k);
  s.svg.classList.toggle('farther', 0.22 > v.k);
  const low = v.y + h / v.k;
  for (const b of s.bands) {
    const out = v.y > b.bottom || b.top > low;
    if (b.out !== out) b.e.style.display = (b.out = out) ? 'none' : '';
  }
};
let waits = false;
const moved = () => {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => { waits = false; apply(current); });
};
const zoom = (factor, x, y) => {
  const v = current.view, k = Math.min(4, Math.max(current.least, v.k * factor));
  x ??= current.svg.clientWidth / 2;
  y ??= current.svg.clientHeight / 2;
  v.x += x / v.k - x / k;
  v.y += y / v.k - y / k;
  v.k = k;
  moved();
};
const pan = (x, y) => {
  current.view.x -= x / current.view.k;
  current.view.y -= y / current.view.k;
  moved();
};
const fit = (whole) => {
  const s = current, w = s.svg.clientWidth, h = s.svg.clientHeight;
  const all = Math.min(w / s.w, h / s.h);
  s.least = Math.min(all * 0.7, 0.5);
  // At first as much from the top as can be read; the button shows all.
  const k = Math.min(1.25, whole ? all : Math.max(all, Math.min(1, w / s.w, 0.9), 0.5));
  const box = s.e.querySelector('.b'), first = box ? size(box) : {x: 0, w: 0};
  const middle = s.w * k > w ? first.x + first.w / 2 : s.w / 2 - margin;
  const top = -20 - (s.block ? 44 / k : 0);  // below the path to a block
  s.view = {k, x: middle - w / k / 2, y: s.h * k > h ? top : s.h / 2 - margin - h / k / 2};
  apply(s);
};
const show = (block) => {
  const s = sheets.get(block);
  if (s === current) return;
  for (const other of sheets.values()) other.e.hidden = other !== s;
  current = s;
  if (s.view) apply(s); else fit(false);
  crumbs(block);
};
const center = (e) => {
  const b = size(e), s = current, w = s.svg.clientWidth, h = s.svg.clientHeight, v = s.view;
  if (0.6 > v.k) v.k = 0.9;
  const x = (b.x - v.x) * v.k, y = (b.y - v.y) * v.k;
  const gaps = [x, y, w - x - b.w * v.k, h - y - b.h * v.k];
  if (30 > Math.min(...gaps)) {
    v.x = b.x + b.w / 2 - w / v.k / 2;
    v.y = b.y + b.h / 2 - h / v.k / 2;
  }
  apply(s);
};

// ---- what is chosen

const producer = (value, block) => {
  const n = data.values[value][2];
  const source = $('i' + block + '-' + value) ?? $('x' + block + '-' + value);
  if (source) return source;
  return n >= 0 ? $('n' + n) : $('i' + data.values[value][3] + '-' + value);
};
const readers = (value) => {
  const all = [];
  data.nodes.forEach((n, i) => { if (n) if (n.in.includes(value)) all.push(i); });
  return all;
};
const mark = (value, css) => {
  for (const s of sheets.keys()) {
    const e = $('e' + s + '-' + value);
    if (e) { e.classList.add(css); e.parentNode.append(e); used.push(e); }
  }
};
const unmark = () => {
  for (const e of used) e.classList.remove('reads', 'gives');
  used = [];
  if (chosen) { chosen.classList.remove('chosen'); chosen.setAttribute('tabindex', '-1'); }
  chosen = null;
};
const choose = (e, focus) => {
  unmark();
  show(+e.closest('.sheet').dataset.block);
  chosen = e;
  e.classList.add('chosen');
  e.setAttribute('tabindex', '0');
  const n = e.id[0] === 'n' ? data.nodes[+e.id.slice(1)] : null;
  if (n) {
    for (const v of n.in) if (v >= 0) mark(v, 'reads');
    for (const v of n.out) if (v >= 0) mark(v, 'gives');
  } else {
    mark(+e.dataset.value, e.classList.contains('output') ? 'reads' : 'gives');
  }
  details(n, e);
  document.body.classList.remove('folded');
  center(e);
  if (focus) e.focus({preventScroll: true});
};
const go = (id) => { const e = $(id); if (e) choose(e, true); };
const close = () => { unmark(); $('details').hidden = true; $('model').hidden = false; };

const enter = (block) => {
  close();
  show(block);
  current.svg.focus();
};

// ---- the panel

const count = (x) => {
  for (const [at, unit] of [[1e12, ' T'], [1e9, ' G'], [1e6, ' M'], [1e3, ' k']]) {
    if (x >= at) return (x / at).toPrecision(3) + unit;
  }
  return x + ' ';
};
const link = (text, act) => {
  const b = make('button', 'link', text);
  b.type = 'button';
  b.addEventListener('click', act);
  return b;
};
const pairs = (all) => {
  const dl = make('dl');
  for (const [key, text] of all) dl.append(make('dt', '', key), make('dd', '', text));
  return dl;
};
const valueItem = (v, given, block) => {
  const li = make('li'), value = data.values[v];
  li.append(make('span', 'name', value[0]), make('code', '', value[1]));
  if (value.length > 4) {
    if (value[4]) li.append(make('code', '', '= ' + value[4]));
    li.append(make('span', 'from', 'constant' + (value[5] ? ', ' + count(value[5]) + 'B' : '')));
  } else if (given) {
    const to = readers(v);
    to.slice(0, 12).forEach((n, i) => {
      li.append(link((i ? ' · ' : 'to ') + data.nodes[n].op, () => go('n' + n)));
    });
    if (to.length > 12) li.append(make('span', 'from', ' and ' + (to.length - 12) + ' more'));
  } else {
    const e = producer(v, block), n = data.values[v][2];
    const from = n >= 0 ? data.nodes[n].op : 'input';
    if (e) li.append(link('from ' + from, () => choose(n >= 0 ? $('n' + n) : e, true)));
  }
  return li;
};
const part = (box, title, all, given, block) => {
  const some = all.filter((v) => v >= 0);
  if (!some.length) return;
  const ul = make('ul', 'io');
  for (const v of some) ul.append(valueItem(v, given, block));
  box.append(make('h3', '', title), ul);
};
const panel = (title) => {
  const box = $('details'), head = make('h2', '', title), back = make('button', '', 'Close');
  back.type = 'button';
  back.addEventListener('click', () => {
    close();
    current.svg.focus();
  });
  head.append(back);
  box.replaceChildren(head);
  $('model').hidden = true;
  box.hidden = false;
  box.scrollTop = 0;
  return box;
};
// A line of the drawing is a value.
const follow = (path) => {
  const [block, v] = path.id.slice(1).split('-').map(Number), value = data.values[v];
  unmark();
  mark(v, 'gives');
  const box = panel('value'), ul = make('ul', 'io'), from = producer(v, block);
  box.append(pairs([['name', value[0]], ['is', value[1]]]));
  const item = (text, to) => {
    const li = make('li');
    li.append(link(text, () => choose(to, true)));
    ul.append(li);
  };
  const titled = (id) => {
    const n = data.nodes[id];
    return n.op + (n.name ? ' ' + n.name : '');
  };
  if (from) item('from ' + (from.id[0] === 'n' ? titled(+from.id.slice(1)) : 'input'), from);
  const to = readers(v).filter((n) => $('n' + n));
  for (const n of to.slice(0, 40)) item('to ' + titled(n), $('n' + n));
  if (to.length > 40) ul.append(make('li', 'from', 'and ' + (to.length - 40) + ' more'));
  for (const o of document.querySelectorAll('.output[data-value="' + v + '"]')) {
    item('to output ' + o.querySelector('.t').textContent, o);
  }
  box.append(ul);
  document.body.classList.remove('folded');
};
// Lines are thin: one that is near is meant.
const wireAt = (x, y) => {
  for (const d of [0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5]) {
    for (const [dx, dy] of [[d, 0], [0, d]]) {
      const path = document.elementFromPoint(x + dx, y + dy)?.closest('.wires path');
      if (path) return path;
    }
  }
  return null;
};
const details = (n, e) => {
  const box = panel(n ? n.op : e.classList[1]);
  const block = +e.closest('.sheet').dataset.block;
  if (!n) {
    const v = +e.dataset.value;
    part(box, 'Value', [v], !e.classList.contains('output'), block);
    if (e.classList.contains('outer')) {
      const from = producer(v, data.values[v][3]);
      if (from) box.append(link('where it comes from', () => choose(from, true)));
    }
  } else {
    if (n.name) box.append(make('p', 'name', n.name));
    const facts = [['operator', (n.domain || 'ai.onnx') + ' ' + n.op + ' ' + n.version]];
    if (n.flops) facts.push(['work', count(n.flops) + 'FLOP' +
        (data.flops ? ', ' + (n.flops / data.flops * 100).toPrecision(2) + ' %' : '')]);
    box.append(pairs(facts));
    const notes = data.notes['n' + e.id.slice(1)] ?? [];
    for (const text of notes) box.append(make('p', 'slip', text));
    for (const b of n.blocks) {
      const p = make('p');
      p.append(link('open ' + data.blocks[b].name + ' ▸', () => enter(b)));
      box.append(p);
    }
    if (n.attributes.length) box.append(make('h3', '', 'Attributes'), pairs(n.attributes));
    part(box, 'Inputs', n.in, false, block);
    part(box, 'Outputs', n.out, true, block);
  }
};
const crumbs = (block) => {
  const box = $('crumbs'), way = [];
  for (let b = block; b > 0;) {
    way.unshift(b);
    b = data.nodes[data.blocks[b].owner].block;
  }
  box.hidden = !way.length;
  const step = (text, act) => {
    const b = make('button', '', text);
    b.type = 'button';
    b.addEventListener('click', act);
    return b;
  };
  box.replaceChildren(step('◂ main graph', () => {
    show(0);
    if (way.length) go('n' + data.blocks[way[0]].owner);
  }));
  for (const b of way) {
    const owner = data.nodes[data.blocks[b].owner];
    box.append(step(owner.op + ' › ' + data.blocks[b].name, () => show(b)));
  }
};

// ---- search

const input = $('search'), list = $('found');
let hits = [], at = 0;
const find = () => {
  const what = input.value.trim().toLowerCase();
  hits = [];
  let all = 0;
  const add = (id, op, name) => {
    ++all;
    if (60 > hits.length) hits.push([id, op, name]);
  };
  if (what) {
    const rest = [];
    data.nodes.forEach((n, i) => {
      if (!n) return;
      if (n.op.toLowerCase().startsWith(what)) add('n' + i, n.op, n.name);
      else if ((n.op + ' ' + n.name).toLowerCase().includes(what)) {
        rest.push(['n' + i, n.op, n.name]);
      }
    });
    for (const r of rest) add(...r);
    const reads = new Map();
    data.nodes.forEach((n, i) => {
      for (const v of n ? n.in : []) if (!reads.has(v)) reads.set(v, i);
    });
    data.values.forEach((v, i) => {
      if (!v[0].toLowerCase().includes(what)) return;
      const to = v[2] >= 0 ? 'n' + v[2] : $('i' + v[3] + '-' + i) ? 'i' + v[3] + '-' + i
          : reads.has(i) ? 'n' + reads.get(i) : null;
      if (to) add(to, v.length > 4 ? 'constant' : 'value', v[0]);
    });
  }
  at = 0;
  list.replaceChildren(...hits.map(([id, op, name], i) => {
    const li = make('li');
    li.id = 'hit' + i;
    li.setAttribute('role', 'option');
    li.append(make('b', '', op), make('span', '', name));
    li.addEventListener('pointerdown', (e) => { e.preventDefault(); pick(i); });
    return li;
  }));
  if (what) if (!hits.length || all > hits.length) {
    const more = (all - hits.length) + ' more: type more of the name';
    list.append(make('li', 'none', hits.length ? more : 'nothing of that name'));
  }
  list.hidden = !what;
  input.setAttribute('aria-expanded', String(!list.hidden));
  select(0);
};
const select = (i) => {
  at = i;
  hits.forEach((_, k) => $('hit' + k).setAttribute('aria-selected', String(k === i)));
  const e = $('hit' + i);
  if (!e) return input.removeAttribute('aria-activedescendant');
  input.setAttribute('aria-activedescendant', e.id);
  e.scrollIntoView({block: 'nearest'});
};
const hide = () => { list.hidden = true; input.setAttribute('aria-expanded', 'false'); };
const pick = (i) => { if (hits[i]) { hide(); go(hits[i][0]); } };
input.addEventListener('input', find);
input.addEventListener('focus', () => { if (input.value) find(); });
input.addEventListener('blur', hide);
input.addEventListener('keydown', (e) => {
  const n = hits.length;
  if (e.key === 'ArrowDown') { if (n) select((at + 1) % n); }
  else if (e.key === 'ArrowUp') { if (n) select((at + n - 1) % n); }
  else if (e.key === 'Enter') pick(at);
  else if (e.key === 'Escape') { input.value = ''; hide(); current.svg.focus(); }
  else return;
  e.preventDefault();
  e.stopPropagation();
});

// ---- pointer and keyboard

const neighbour = (e, key) => {
  const n = e.id[0] === 'n' ? data.nodes[+e.id.slice(1)] : null, block = +current.e.dataset.block;
  if (key === 'ArrowUp') {
    const computed = (v) => v >= 0 ? 5 > data.values[v].length : false;
    const from = n ? n.in.filter(computed) : [+e.dataset.value];
    for (const v of from) { const p = producer(v, block); if (p) if (p !== e) return p; }
  } else if (key === 'ArrowDown') {
    for (const v of n ? n.out : [+e.dataset.value]) {
      for (const to of readers(v)) if (current.e.contains($('n' + to))) return $('n' + to);
      for (const o of current.e.querySelectorAll('.output[data-value="' + v + '"]')) {
        if (o !== e) return o;
      }
    }
  } else {
    const row = Array.from(current.e.querySelectorAll('[data-layer="' + e.dataset.layer + '"]'))
        .sort((a, b) => size(a).x - size(b).x);
    return row[row.indexOf(e) + (key === 'ArrowLeft' ? -1 : 1)];
  }
};
const watch = (s) => {
  const pointers = new Map();
  let far = 0;
  const place = (e) => {
    const r = s.svg.getBoundingClientRect();
    return {x: e.clientX - r.left, y: e.clientY - r.top};
  };
  s.svg.addEventListener('wheel', (e) => {
    e.preventDefault();
    const p = place(e), unit = e.deltaMode ? 30 : 1;
    if (e.shiftKey) return pan(-(e.deltaX || e.deltaY) * unit, 0);
    const way = Math.max(-120, Math.min(120, e.deltaY * unit));
    zoom(Math.exp(-way * (e.ctrlKey ? 0.01 : 0.002)), p.x, p.y);  // Ctrl: two fingers on a pad
  }, {passive: false});
  s.svg.addEventListener('pointerdown', (e) => {
    if (e.button) return;
    if (!pointers.size) far = 0;
    pointers.set(e.pointerId, place(e));
  });
  s.svg.addEventListener('pointermove', (e) => {
    const was = pointers.get(e.pointerId);
    if (!was) return;
    const now = place(e), dx = now.x - was.x, dy = now.y - was.y;
    far += Math.abs(dx) + Math.abs(dy);
    if (4 > far) return;
    s.svg.setPointerCapture(e.pointerId);
    s.svg.classList.add('drags');
    if (pointers.size === 2) {
      const other = Array.from(pointers).find(([id]) => id !== e.pointerId)[1];
      const apart = (a) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      zoom(apart(now) / apart(was), other.x, other.y);
    } else {
      pan(dx, dy);
    }
    pointers.set(e.pointerId, now);
  });
  const end = (e) => {
    pointers.delete(e.pointerId);
    if (!pointers.size) s.svg.classList.remove('drags');
  };
  s.svg.addEventListener('pointerup', end);
  s.svg.addEventListener('pointercancel', end);
  s.svg.addEventListener('click', (e) => {
    if (far >= 4) return;
    const b = e.target.closest('.b'), open = e.target.dataset.open;
    const wire = b || open ? null : wireAt(e.clientX, e.clientY);
    if (open) enter(+open);
    else if (b) choose(b, true);
    else if (wire) follow(wire);
    else close();
  });
  s.svg.addEventListener('dblclick', (e) => {
    const b = e.target.closest('.b'), n = b ? data.nodes[+b.id.slice(1)] : null;
    if (n) if (n.blocks.length) enter(n.blocks[0]);
  });
  s.svg.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const b = e.target.closest('.b');
    const by = {
      ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60]};
    if (e.key in by) {
      if (!b || e.shiftKey) pan(...by[e.key]);
      else { const next = neighbour(b, e.key); if (next) choose(next, true); }
    } else if (e.key === 'PageDown') pan(0, -0.8 * s.svg.clientHeight);
    else if (e.key === 'PageUp') pan(0, 0.8 * s.svg.clientHeight);
    else if (e.key === 'Home') { s.view.y = -20; moved(); }
    else if (e.key === 'End') { s.view.y = s.h - margin - s.svg.clientHeight / s.view.k; moved(); }
    else if (e.key === 'Enter' || e.key === ' ') go((b ?? s.e.querySelector('.b'))?.id);
    else return;
    e.preventDefault();
  });
};
document.addEventListener('keydown', (e) => {
  if (e.target === input || e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === '+' || e.key === '=') zoom(1.25);
  else if (e.key === '-') zoom(0.8);
  else if (e.key === '0') fit(true);
  else if (e.key === '/') input.focus();
  else if (e.key === 'Escape') { close(); current.svg.focus(); }
  else return;
  e.preventDefault();
});
$('in').addEventListener('click', () => zoom(1.25));
$('out').addEventListener('click', () => zoom(0.8));
$('fit').addEventListener('click', () => fit(true));
$('fold').addEventListener('click', () => document.body.classList.toggle('folded'));
for (const b of document.querySelectorAll('[data-go]')) {
  b.addEventListener('click', () => go(b.dataset.go));
}
for (const b of document.querySelectorAll('[data-find]')) {
  b.addEventListener('click', () => { input.value = b.dataset.find; input.focus(); find(); });
}
addEventListener('resize', () => { if (current) apply(current); });
addEventListener('beforeprint', () => {
  for (const s of sheets.values()) {
    s.svg.setAttribute('viewBox', s.whole);
    s.svg.classList.remove('far', 'farther');
    // On one page where that can be read; 700 x 930 pixels are A4 without its margins.
    const k = Math.min(0.72, 700 / s.w, 930 / s.h), one = k >= 0.28;
    const wide = s.w * (one ? k : Math.min(0.72, 700 / s.w));
    s.svg.style.setProperty('--printed', wide + 'px');
    const pages = Math.ceil(s.h * wide / s.w / 930) + 1;
    if (one) delete s.e.dataset.pages;
    else s.e.dataset.pages = 'Too long for one page: cut into about ' + pages + '.';
    for (const b of s.bands) { b.e.style.display = ''; b.out = false; }
  }
});
addEventListener('afterprint', () => { if (current) apply(current); });

for (const e of document.querySelectorAll('.sheet')) {
  const svg = e.querySelector('svg'), whole = svg.getAttribute('viewBox');
  const [, , w, h] = whole.split(' ').map(Number), block = +e.dataset.block;
  const bands = Array.from(svg.querySelectorAll('.band'), (b) => ({
    e: b, top: +b.dataset.top, bottom: +b.dataset.bottom, out: false}));
  const s = {e, svg, block, whole, w, h, bands, least: 0.02};
  sheets.set(block, s);
  watch(s);
}
if (760 >= innerWidth) document.body.classList.add('folded');
show(0);
)js";

const char* const script_hash = "jjmsG30eilmFsY0XZSRiB2gS7YNNjHchsQKhh9fcoN4=";

}  // namespace hone::ship::drawing
