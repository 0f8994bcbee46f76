// Site A's page: it makes the request for real, and draws what A's server says of it. It decides nothing.

import {MARKS, drawEvent, make, mark, prose} from "/sequence.js";

const find = (id) => document.getElementById(id);

async function post(path, value) {
  const headers = {"Content-Type": "application/json"};
  const response = await fetch(path, {method: "POST", headers, body: JSON.stringify(value)});
  if (!response.ok && response.status !== 422) throw new Error(await response.text());
  return response.json();
}

// ---------------------------------------------------------------------------------------------- the request itself

/** What the script gets: a response, as far as it may read it, or the error. Stands alone: a frame gets its source. */
async function ask(url, options) {
  try {
    const response = await fetch(url, options);
    return {response: {status: response.status, headers: [...response.headers], body: await response.text()}};
  } catch (error) {
    return {error: String(error)};
  }
}

/** The same in a sandboxed frame, whose origin is null. */
function askFromFrame(url, options) {
  return new Promise((resolve) => {
    const frame = make("iframe", {title: "a sandboxed frame", hidden: true, sandbox: "allow-scripts"});
    addEventListener("message", function listen(event) {
      if (event.source !== frame.contentWindow) return;
      removeEventListener("message", listen);
      frame.remove();
      resolve(event.data);
    });
    const given = JSON.stringify([url, options]).replaceAll("<", "\\u003c");
    frame.srcdoc = `<script>${ask} ask(...${given}).then((got) => parent.postMessage(got, "*"));</script>`;
    document.body.append(frame);
  });
}

/** Make a run: `{case: name}` or the form's values. The story, or null where the policy was refused. */
async function run(wished) {
  const begun = await post("/api/runs", wished);
  if (begun.mistakes) {
    showMistakes(begun.mistakes);
    return null;
  }
  const got = await (begun.sandboxed ? askFromFrame : ask)(begun.url, begun.options);
  return {...begun, ...await post(`/api/runs/${begun.id}`, got)};
}

// ------------------------------------------------------------------------------------------------------ the drawing

const LANES = {script: "Script on A", browser: "Browser", b: "Site B"};

function drawWhy(story) {
  const parts = [];
  const agrees = story.disagreements.length === 0;
  parts.push(make("h3", {}, "Why"));
  const rule = story.rule && make("a", {href: story.rule.url, rel: "noreferrer"}, `Fetch: ${story.rule.where}`);
  parts.push(make("p", {className: "reason"}, ...prose(`${story.why} `), rule));
  if (story.cause) parts.push(make("p", {}, ...prose(story.cause)));
  if (story.decision) parts.push(make("p", {}, ...prose(`B’s server says: ${story.decision}`)));
  if (story.mends.length) parts.push(make("h3", {}, "What mends it"));
  for (const mend of story.mends) {
    if (mend.send.length) {
      parts.push(make("p", {}, `${mend.where[0].toUpperCase()}${mend.where.slice(1)}:`),
        make("pre", {className: "mend"}, mend.send.join("\n")));
    }
    parts.push(...mend.advice.map((advice) => make("p", {}, ...prose(advice))));
  }
  parts.push(make("h3", {}, "Foretold"));
  parts.push(make("p", {id: "foretold", className: agrees ? "ok" : "bad"}, mark(agrees ? "ok" : "bad"),
    `corserver’s model of ${story.browser} said: ${story.foretold}. `,
    agrees ? "The browser did just that." : `The browser did otherwise: ${story.disagreements.join("; ")}.`));
  if (story.console.length) parts.push(make("h3", {}, "What the console says"));
  for (const {browser, line} of story.console) {
    parts.push(make("p", {className: "console"}, make("b", {}, `${browser}: `), line));
  }
  find("why").replaceChildren(...parts);
}

/** The call as somebody would write it. */
function written(url, options) {
  const quote = (value) => typeof value === "string" && /^[^'\\\n]*"[^'\\\n]*$/.test(value) ? `'${value}'` : JSON.stringify(value);
  const lines = Object.entries(options).map(([name, value]) => `  ${name}: ${quote(value)},\n`);
  return `fetch("${url}"${lines.length ? `, {\n${lines.join("")}}` : ""})`;
}

function draw(title, lesson, story) {
  find("run").hidden = false;
  find("title").textContent = title;
  find("lesson").textContent = lesson;
  const state = story.readable ? "ok" : "bad";
  const verdict = find("verdict");
  verdict.className = state;
  verdict.replaceChildren(mark(state), story.headline);
  find("announcement").textContent = `${title}: ${story.headline}`;
  find("script-code").textContent = written(story.url, story.options);
  find("policy-title").textContent = story.by_hand ? "Site B’s answers, written by hand" : "Site B’s policy";
  find("policy-code").textContent = story.site_b;
  find("events").replaceChildren(...story.events.map((event) => drawEvent(event, LANES)));
  drawWhy(story);
}

// ------------------------------------------------------------------------------------------------ gallery and form

const form = find("form");
const isTick = (field) => field.type === "checkbox";

function fillForm(values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements[name];
    if (isTick(field)) field.checked = value;
    else field.value = value;
  }
  followPolicy();
}

const followPolicy = () => { find("policy").hidden = !form.elements.governed.checked; };

function readForm() {
  const fields = [...form.elements].filter((field) => field.name);
  return Object.fromEntries(fields.map((field) => [field.name, isTick(field) ? field.checked : field.value]));
}

function showMistakes(mistakes) {
  for (const field of form.elements) ["aria-invalid", "aria-describedby"].forEach((name) => field.removeAttribute(name));
  const items = mistakes.map(({field, given, why, write}) => {
    form.elements[field]?.setAttribute("aria-invalid", "true");
    form.elements[field]?.setAttribute("aria-describedby", "mistakes");
    const label = form.elements[field]?.closest("label")?.firstChild.textContent.trim() || field;
    return make("li", {}, make("b", {}, label), ` ${given}: `, ...prose(`${why}. `), make("span", {}, "Write: "), make("code", {}, write));
  });
  const box = find("mistakes");
  box.replaceChildren(...(items.length ? [make("p", {}, "This was refused before anything was sent:"), make("ul", {}, ...items)] : []));
  if (items.length) box.scrollIntoView({block: "nearest"});
}

function noteResult(button, story) {
  const state = story.readable ? "ok" : "bad";
  const agrees = story.disagreements.length === 0;
  button.querySelector(".seen").replaceChildren(
    make("span", {className: `mark ${state}`}, make("span", {ariaHidden: "true"}, MARKS[state][0]),
      make("span", {className: "unseen"}, story.readable ? " readable" : " blocked")),
    agrees ? "" : " not as foretold");
}

/** How many pictures were asked for: only the last one is drawn. */
let asked = 0;

async function runCase({button, given, next}, {quietly = false, atStart = false} = {}) {
  showMistakes([]);
  const turn = quietly ? asked : ++asked;
  const story = await run({case: given.name});
  noteResult(button, story);
  if (quietly || turn !== asked) return story;
  for (const other of find("gallery").querySelectorAll("button")) other.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  fillForm(given.form);
  draw(given.title, given.lesson, story);
  find("next").hidden = !next;
  if (next) {
    find("next").textContent = `Next: ${next.given.title}`;
    find("next").onclick = () => attempt(async () => {
      await runCase(next);
      find("stage").scrollIntoView();
    });
  }
  if (atStart) return story;
  history.replaceState(null, "", `#${given.name}`);
  if (find("stage").getBoundingClientRect().top > innerHeight / 2) find("stage").scrollIntoView();
  return story;
}

/** Do it; if site A itself does not answer, say so. */
async function attempt(action) {
  find("trouble").textContent = "";
  try {
    await action();
  } catch (error) {
    find("trouble").textContent = `Site A does not answer (${error.message}). Is corserver demo still running?`;
  }
}

async function runAll(cases) {
  let agreed = 0;
  for (const each of cases) {
    agreed += (await runCase(each, {quietly: true})).disagreements.length === 0;
    find("tally").textContent = `${agreed} of ${cases.length} as foretold`;
  }
}

/** The buttons, a list for each part; each knows the next. */
function drawGallery(cases) {
  let list;
  const drawn = cases.map((given) => {
    if (given.part) {
      const heading = make("h3", {id: `part-${given.name}`}, given.part);
      list = make("ol");
      list.setAttribute("aria-labelledby", heading.id);
      find("gallery").append(heading, list);
    }
    const button = make("button", {type: "button", id: `case-${given.name}`},
      make("span", {}, given.title), make("span", {className: "seen"}));
    list.append(make("li", {}, button));
    return {button, given};
  });
  drawn.forEach((each, index) => {
    each.next = drawn[index + 1];
    each.button.addEventListener("click", () => attempt(() => runCase(each)));
  });
  return drawn;
}

async function start() {
  const {a, b, cases} = await (await fetch("/api/cases")).json();
  find("a").textContent = a;
  find("b").textContent = b;
  const drawn = drawGallery(cases);
  form.elements.governed.addEventListener("change", followPolicy);
  find("all").addEventListener("click", () => attempt(() => runAll(drawn)));
  const askOwn = async () => {
    showMistakes([]);
    const turn = ++asked;
    const story = await run(readForm());
    if (story === null || turn !== asked) return;
    for (const {button} of drawn) button.removeAttribute("aria-current");
    draw("Your own", "", story);
    find("next").hidden = true;
    find("stage").scrollIntoView();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(askOwn);
  });
  const named = drawn.find(({given}) => `#${given.name}` === location.hash);
  await runCase(named ?? drawn[0], {atStart: !named});
}

await attempt(start);
document.documentElement.dataset.ready = "true";
