// Lists requests as they come, and draws the chosen one. What there is to say of it, the server says.

import {drawEvent, make, mark, prose} from "/sequence.js";

const find = (id) => document.getElementById(id);
const KEPT = 500;
const LANES = {script: "Script", browser: "Browser", b: "corserver"};
const MARKS = {allowed: "ok", denied: "bad"};
const list = find("list");

/** The lines that there are, the newest first: {line, item}. */
let rows = [];
/** The number of the last line that came: what was cleared does not come again with a new connection. */
let newest = 0;
let chosen = null;
let run = null;

// ------------------------------------------------------------------------------------------------------- the list

const clock = (time) => new Date(time).toLocaleTimeString("en-GB");
const lasted = (ms) => ms < 999.5 ? `${ms < 9.995 ? ms.toFixed(2) : ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;

function drawLine(line) {
  const kind = line.kind === "cors" ? "" : `${line.kind} `;
  const story = {
    allowed: ["✓", `${kind}allowed`],
    denied: ["✗", `${kind}denied`],
    off: ["–", "CORS is off"],
  }[line.state];
  const badge = make("span", {className: `badge ${line.state || "none"}`});
  if (story) badge.append(make("span", {ariaHidden: "true"}, `${story[0]} `), `${story[1]}`);
  return make("li", {id: `line-${line.id}`, role: "option", className: `class-${String(line.status ?? "")[0] ?? ""}`, ariaSelected: "false"},
    make("span", {className: "time"}, clock(line.time)), " ",
    make("span", {className: "status"}, line.status ?? "–"), " ",
    make("span", {className: "method"}, line.method), " ",
    make("span", {className: "target", title: line.target}, line.target), " ",
    make("span", {className: "ms"}, lasted(line.ms)), " ",
    badge,
    line.state ? make("span", {className: "origin"}, ` ${line.origin}`) : "");
}

const shown = () => document.querySelector("input[name=show]:checked").value;

function isShown({line}) {
  const wanted = shown();
  if (wanted === "denied" && line.state !== "denied") return false;
  if (wanted === "cors" && !line.state) return false;
  const words = find("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${line.method} ${line.target} ${line.status} ${line.origin} ${line.state}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function count() {
  const denied = rows.filter(({line}) => line.state === "denied").length;
  find("count-all").textContent = rows.length;
  find("count-cors").textContent = rows.filter(({line}) => line.state).length;
  find("count-denied").textContent = denied;
  document.title = `${denied ? `(${denied} denied) ` : ""}corserver: requests`;
  const visible = rows.some(({item}) => !item.hidden);
  find("nothing").hidden = visible;
  find("none-yet").hidden = rows.length > 0;
  find("none-like").hidden = rows.length === 0;
}

function filter() {
  for (const row of rows) row.item.hidden = !isShown(row);
  count();
}

function add(lines) {
  const fresh = lines.filter((line) => line.id > newest).map((line) => ({line, item: drawLine(line)})).reverse();
  newest = fresh[0]?.line.id ?? newest;
  for (const row of fresh) row.item.hidden = !isShown(row);
  list.prepend(...fresh.map(({item}) => item));
  rows = [...fresh, ...rows];
  for (const {item} of rows.splice(KEPT)) item.remove();
  if (chosen && !chosen.item.isConnected) list.removeAttribute("aria-activedescendant");
  count();
  const denied = fresh.filter(({line}) => line.state === "denied");
  if (denied.length) {
    const {line} = denied[0];
    find("announcement").textContent = denied.length > 1 ? `${denied.length} requests were denied`
      : `Denied: ${line.method} ${line.target} from ${line.origin}`;
  }
}

function clear() {
  rows = [];
  list.replaceChildren();
  unchoose();
  count();
}

// --------------------------------------------------------------------------------------------------- the chosen one

function unchoose() {
  if (chosen) chosen.item.ariaSelected = "false";
  chosen = null;
  list.removeAttribute("aria-activedescendant");
  find("intro").hidden = false;
  find("exchange").hidden = true;
}

async function choose(row) {
  if (chosen) chosen.item.ariaSelected = "false";
  chosen = row;
  row.item.ariaSelected = "true";
  list.setAttribute("aria-activedescendant", row.item.id);
  row.item.scrollIntoView({block: "nearest"});
  const story = await told(row.line.id);
  if (chosen !== row) return;
  if (story.events) draw(story);
  else drawHead({...row.line, state: ""}, story.missing);
}

/** The story of a line, or why there is none: {missing}. */
async function told(id) {
  try {
    const response = await fetch(`/api/exchanges/${id}`);
    return response.ok ? await response.json() : {missing: "The server keeps it no more."};
  } catch {
    return {missing: "The server has gone, and what it knew of this."};
  }
}

/** What a line itself says, and a headline; the picture and the reasons are left to draw. */
function drawHead(line, headline, more = "") {
  find("intro").hidden = true;
  find("exchange").hidden = false;
  find("title").textContent = `${line.method} ${line.target}`;
  find("facts").textContent = `${clock(line.time)}, ${line.status ?? "no answer"}, ${lasted(line.ms)}${more}`;
  const verdict = find("verdict");
  verdict.className = MARKS[line.state] ?? (line.state || "none");
  verdict.replaceChildren(...[mark(MARKS[line.state]), headline].filter(Boolean));
  find("why").replaceChildren();
  find("wire").hidden = true;
}

function draw(story) {
  const client = story.client ? `, for ${story.client}` : "";
  drawHead(story, story.headline, `, ${story.sent.toLocaleString("en")} bytes${client}`);
  find("wire").hidden = false;
  find("wire").classList.toggle("plain", !story.state);
  find("events").replaceChildren(...story.events.map((event) => drawEvent(event, LANES)));
  const link = story.source && make("a", {href: story.source, target: "_blank", rel: "noreferrer"}, "the standard");
  const why = [];
  if (story.state) why.push(make("p", {className: "reason"}, ...prose(`${story.why} `), link));
  if (story.hint) why.push(make("p", {className: "hint"}, ...prose(story.hint)));
  if (story.mend) why.push(make("h3", {}, "What mends it"), make("p", {className: "mend"}, ...prose(story.mend)));
  if (story.flag) why.push(make("p", {className: "flag"}, "On the command line, one more flag: ", make("code", {}, story.flag)));
  find("why").replaceChildren(...why);
}

// ---------------------------------------------------------------------------------------------------------- the keys

function step(by) {
  const visible = rows.filter(({item}) => !item.hidden);
  if (!visible.length) return;
  const at = visible.indexOf(chosen);
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), visible.length - 1);
  choose(visible[next]);
}

const KEYS = {
  ArrowDown: () => step(1), j: () => step(1), ArrowUp: () => step(-1), k: () => step(-1),
  Home: () => step(-Infinity), End: () => step(Infinity),
  d() {
    const wanted = shown() === "denied" ? "all" : "denied";
    document.querySelector(`input[value=${wanted}]`).checked = true;
    filter();
  },
  "/"() { find("words").focus(); },
  Escape() {
    if (document.activeElement === find("words") && find("words").value) find("words").value = "";
    filter();
    list.focus();
    list.scrollTop = 0;
  },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input[type=search]");
  const isChoosing = event.target.matches("input[type=radio]") && event.key.startsWith("Arrow");
  const isReading = event.target.closest("main") && /^(Arrow|Home|End)/.test(event.key);
  if (isChoosing || isReading || (isTyping && !["Escape", "ArrowDown", "ArrowUp"].includes(event.key))) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
list.addEventListener("click", (event) => {
  const row = rows.find(({item}) => item === event.target.closest("li"));
  if (row) choose(row);
});
find("filters").addEventListener("input", filter);
find("filters").addEventListener("submit", (event) => event.preventDefault());
find("clear").addEventListener("click", clear);

// -------------------------------------------------------------------------------------------------------- the stream

function say(state, words) {
  const connection = find("connection");
  if (connection.textContent === words) return;
  connection.className = state;
  connection.textContent = words;
}

function listen() {
  const source = new EventSource("/api/stream");
  source.addEventListener("run", (event) => {
    const {run: now, subject} = JSON.parse(event.data);
    if (run !== null && run !== now) {
      clear();
      newest = 0;
    }
    run = now;
    find("subject").textContent = subject;
    find("subject-again").textContent = subject;
    say("here", "live");
    document.documentElement.dataset.ready = "true";
  });
  source.addEventListener("lines", (event) => add(JSON.parse(event.data)));
  source.addEventListener("error", () => {
    say("away", "the server has gone; waiting for it");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
}

listen();
