// An auditor's browser recomputes what the gateway claims, from what anybody may fetch: the signature of a checkpoint
// (Ed25519, C2SP signed-note), that an entry is under it (RFC 6962), and that it continues the checkpoint this browser
// saw last. Nothing here believes the page: every hash is made anew.

const HASH = 32, WIDTH = 256;

const bytesOf = (text) => new TextEncoder().encode(text);
const unbase64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
const same = (a, b) => a.length === b.length && a.every((one, place) => one === b[place]);
const joined = (...parts) => new Uint8Array(parts.flatMap((one) => [...one]));
const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data));
const leafHash = (entry) => sha256(joined([0], entry));
const nodeHash = (left, right) => sha256(joined([1], left, right));
const halves = (number, times) => Math.floor(number / 2 ** times); // shifts of more than 32 bits

function split(width) {
  let half = 1;
  while (half * 2 < width) half *= 2;
  return half;
}

async function readKey(vkey) {
  const [name, id, packed] = [vkey.split("+")[0], vkey.split("+")[1], vkey.split("+").slice(2).join("+")];
  const key = unbase64(packed);
  const digest = await sha256(joined(bytesOf(`${name}\n`), key));
  const written = [...digest.slice(0, 4)].map((one) => one.toString(16).padStart(2, "0")).join("");
  if (key[0] !== 1 || key.length !== 33 || written !== id) throw new Error("vkey");
  return { name, id: digest.slice(0, 4), key: key.slice(1) };
}

async function openNote(note, key, origin) {
  const cut = note.lastIndexOf("\n\n");
  const text = note.slice(0, cut + 1), [name, size, root] = text.split("\n");
  if (cut < 0 || name !== origin || name !== key.name || !/^(0|[1-9][0-9]{0,14})$/.test(size)) throw new Error("note");
  const verifier = await crypto.subtle.importKey("raw", key.key, { name: "Ed25519" }, false, ["verify"]);
  for (const line of note.slice(cut + 2).trimEnd().split("\n")) {
    const [dash, signer, packed] = line.split(" ");
    const value = unbase64(packed);
    if (dash !== "\u2014" || signer !== key.name || !same(value.slice(0, 4), key.id)) continue;
    if (await crypto.subtle.verify("Ed25519", verifier, value.slice(4), bytesOf(text))) return { size: Number(size), root: unbase64(root), note };
  }
  throw new Error("signature");
}

function pathOf(level, number, width) {
  const groups = [String(number % 1000).padStart(3, "0")];
  for (let rest = Math.floor(number / 1000); rest; rest = Math.floor(rest / 1000)) groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return `/tile/${level}/${groups.join("/")}${width < WIDTH ? `.p/${width}` : ""}`;
}

async function fetched(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}

class Tiles {
  constructor(size) { this.size = size; this.seen = new Map(); }

  widthOf(level, number) { return Math.min(WIDTH, halves(this.size, 8 * level) - WIDTH * number); }

  async tile(level, number) {
    const path = pathOf(level, number, this.widthOf(level, number));
    if (!this.seen.has(path)) this.seen.set(path, new Uint8Array(await (await fetched(path)).arrayBuffer()));
    const hashes = this.seen.get(path);
    if (hashes.length !== HASH * this.widthOf(level, number)) throw new Error(path);
    return hashes;
  }

  async node(height, index) {
    const level = Math.floor(height / 8), rest = height % 8, start = index * 2 ** rest;
    const number = Math.floor(start / WIDTH), place = start % WIDTH;
    let row = (await this.tile(level, number)).slice(place * HASH, (place + 2 ** rest) * HASH);
    while (row.length > HASH) {
      const above = [];
      for (let at = 0; at < row.length; at += 2 * HASH) above.push(await nodeHash(row.slice(at, at + HASH), row.slice(at + HASH, at + 2 * HASH)));
      row = joined(...above);
    }
    return row;
  }

  async span(start, end) {
    const width = end - start, half = split(width);
    if (width === 1 || half * 2 === width) return this.node(Math.round(Math.log2(width)), start / width);
    return nodeHash(await this.span(start, start + half), await this.span(start + half, end));
  }

  async root() { return this.span(0, this.size); }

  // The root as it is if this very leaf stands at `index`: the way up from the leaf, its siblings from the tiles.
  async rootWith(index, leaf) {
    const climb = async (start, end) => {
      if (end - start === 1) return leaf;
      const middle = start + split(end - start);
      if (index < middle) return nodeHash(await climb(start, middle), await this.span(middle, end));
      return nodeHash(await this.span(start, middle), await climb(middle, end));
    };
    return climb(0, this.size);
  }

  // RFC 6962 2.1.2: what binds the tree of `old` leaves to this one.
  async consistency(old) {
    const proof = [];
    let start = 0, end = this.size;
    while (old !== end) {
      const middle = start + split(end - start);
      if (old <= middle) { proof.unshift(await this.span(middle, end)); end = middle; }
      else { proof.unshift(await this.span(start, middle)); start = middle; }
    }
    if (start) proof.unshift(await this.span(start, end));
    return proof;
  }

  async entry(index) {
    const number = Math.floor(index / WIDTH), width = Math.min(WIDTH, this.size - WIDTH * number);
    const bundle = new Uint8Array(await (await fetched(pathOf("entries", number, width))).arrayBuffer());
    let place = 0;
    for (let skip = index % WIDTH; ; skip--) {
      const start = place + 2;
      place = start + bundle[start - 2] * 256 + bundle[start - 1];
      if (!(place <= bundle.length)) throw new Error("bundle");
      if (skip === 0) return bundle.slice(start, place);
    }
  }
}

// RFC 9162 2.1.4.2
async function continues(old, now, proof) {
  if (old.size === now.size) return same(old.root, now.root);
  const steps = Number.isInteger(Math.log2(old.size)) ? [old.root, ...proof] : [...proof];
  let place = old.size - 1, last = now.size - 1;
  while (place % 2) { place = halves(place, 1); last = halves(last, 1); }
  let was = steps[0], is = steps[0];
  for (const step of steps.slice(1)) {
    if (last === 0) return false;
    if (place % 2 || place === last) {
      was = await nodeHash(step, was);
      is = await nodeHash(step, is);
      while (place % 2 === 0 && place) { place = halves(place, 1); last = halves(last, 1); }
    } else is = await nodeHash(is, step);
    place = halves(place, 1);
    last = halves(last, 1);
  }
  return last === 0 && same(was, old.root) && same(is, now.root);
}

function stepsOf(part, kept) {
  const { index, entry, origin } = part.dataset;
  const state = {};
  return {
    key: async () => { state.key = await readKey(part.querySelector("#vkey").value.trim()); },
    signature: async () => {
      state.now = await openNote(await (await fetched("/checkpoint/latest")).text(), state.key, origin);
      state.tiles = new Tiles(state.now.size);
    },
    entry: async () => {
      state.entry = await state.tiles.entry(Number(index));
      if (!same(state.entry, unbase64(entry))) throw new Error("entry");
    },
    inclusion: async () => {
      const leaf = await leafHash(state.entry);
      if (!same(await state.tiles.rootWith(Number(index), leaf), state.now.root)) throw new Error("inclusion");
    },
    tree: async () => {
      if (!same(await state.tiles.root(), state.now.root)) throw new Error("tree");
    },
    history: async () => {
      const first = await openNote(part.dataset.first, state.key, origin);
      const proof = first.size < state.now.size ? await state.tiles.consistency(first.size) : [];
      if (!first.size || first.size > state.now.size || !await continues(first, state.now, proof)) throw new Error("history");
    },
    consistency: async () => {
      const before = localStorage.getItem(kept);
      if (before) {
        const old = await openNote(before, state.key, origin);
        const proof = old.size && old.size < state.now.size ? await state.tiles.consistency(old.size) : [];
        if (old.size > state.now.size || (old.size && !await continues(old, state.now, proof))) throw new Error("consistency");
      }
      state.before = before;
    },
    state,
  };
}

async function run(part, kept, keptKey) {
  const steps = stepsOf(part, kept), verdict = part.querySelector("[data-verdict]");
  const items = [...part.querySelectorAll("[data-step]")];
  part.querySelector("[data-steps]").hidden = false;
  verdict.hidden = true;
  let good = true;
  for (const item of items) {
    const said = item.querySelector("[data-said]");
    said.textContent = "";
    said.className = "";
    if (!good) continue; // what rests on a step that failed proves nothing
    try {
      await steps[item.dataset.step]();
    } catch {
      good = false;
    }
    said.className = good ? "state good" : "state bad";
    said.textContent = good ? item.dataset.done : item.dataset.failed;
  }
  verdict.className = good ? "note good" : "note bad";
  verdict.textContent = good ? verdict.dataset.good : verdict.dataset.bad;
  verdict.hidden = false;
  if (good) {
    const remembered = part.querySelector("[data-remembered]");
    remembered.textContent = steps.state.before ? remembered.dataset.again : remembered.dataset.first;
    localStorage.setItem(kept, steps.state.now.note);
    localStorage.setItem(keptKey, part.querySelector("#vkey").value.trim());
  }
}

for (const part of document.querySelectorAll("[data-verify]")) {
  const kept = `checkpoint ${part.dataset.origin}`, keptKey = `vkey ${part.dataset.origin}`;
  part.querySelector("[data-with-scripts]").hidden = false;
  part.querySelector("[data-without-scripts]").hidden = true;
  part.querySelector("#vkey").value = localStorage.getItem(keptKey) ?? "";
  part.querySelector("[data-run]").addEventListener("click", () => run(part, kept, keptKey));
}
